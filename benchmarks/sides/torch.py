"""PyTorch as a good user writes it: the data are tensors, and nothing is read per step."""
# ruff: noqa: TID251

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from torch import nn
from works import Adam, Work

from . import UnavailableError


class Waves(nn.Module):
    """Columns in waves, and themselves; the parameters are those of `Work.initial_waves`."""

    def __init__(self, arrays: list[np.ndarray]) -> None:
        super().__init__()
        self.arrays = nn.ParameterList([torch.from_numpy(array) for array in arrays])

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """Return the embedded columns."""
        frequencies, phases, weights, biases = self.arrays
        columns = 2 * math.pi * X.T.unsqueeze(2)  # (c, n, 1)
        waves = torch.cos(torch.addcmul(phases, columns, frequencies))  # (c, n, f)
        e = torch.baddbmm(biases, waves, weights)  # (c, n, k)
        return torch.cat([e.transpose(0, 1).flatten(1), X], dim=1)


class TorchTrainer:
    """The plain loop.

    Parameters
    ----------
    work : Work
        What to train.
    device : str
        "cpu" or "cuda".
    fused : bool
        Whether to know what is faster: the fused optimizer, and ``index_select``, which
        takes half the time of ``X[rows]`` on a CPU.
    compiled : bool
        Whether the network and its loss go through ``torch.compile``, which compiles the
        way back, too.  The short batch at the end of an epoch is not worth a compilation.
    """

    def __init__(
        self, work: Work, device: str = "cpu", fused: bool = True, compiled: bool = False
    ) -> None:
        if device == "cuda" and not torch.cuda.is_available():
            raise UnavailableError("PyTorch finds no CUDA device")
        self.work = work
        self.device = device
        layers: list[nn.Module] = [Waves(work.initial_waves())] if work.waves else []
        for weights, biases in work.initial():
            dense = nn.Linear(*weights.shape)
            dense.weight.data = torch.from_numpy(np.ascontiguousarray(weights.T))
            dense.bias.data = torch.from_numpy(biases)
            layers += [dense, getattr(nn, work.activation)()]
            if work.dropout:
                layers.append(nn.Dropout(work.dropout))
        behind = 2 if work.dropout else 1  # nothing follows the last layer
        self.model = nn.Sequential(*layers[:-behind]).to(device)
        self.X = torch.from_numpy(work.X).to(device)
        self.y = torch.from_numpy(work.y).to(device)
        self.iterations = 0
        self.fused = fused
        self.optimizer = self.make_optimizer(**({"fused": True} if fused else {}))
        self.full_loss = self.loss
        self.graphs = compiled and device == "cuda"
        if compiled:
            mode = "reduce-overhead" if device == "cuda" else "default"
            self.full_loss = torch.compile(self.loss, mode=mode, dynamic=False)

    def make_optimizer(self, **options: object) -> torch.optim.Optimizer:
        """Return the work's optimizer."""
        rule, parameters = self.work.optimizer, self.model.parameters()
        if isinstance(rule, Adam):
            kind = torch.optim.AdamW if rule.weight_decay else torch.optim.Adam
            return kind(
                parameters,
                rule.learning_rate,
                betas=(rule.beta_1, rule.beta_2),
                eps=rule.epsilon,
                weight_decay=rule.weight_decay,
                **options,
            )
        return torch.optim.SGD(
            parameters, rule.learning_rate, momentum=rule.momentum, **options
        )

    def loss(self, X: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Run forwards."""
        logits, smoothing = self.model(X), self.work.label_smoothing
        return nn.functional.cross_entropy(logits, y, label_smoothing=smoothing)

    def batches(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Go through the rows once, in a new order."""
        if not self.work.shuffle:
            yield self.X, self.y
            return
        order = torch.randperm(len(self.X), device=self.device)
        for rows in order.split(self.work.batch_size):
            yield self.take(rows)

    def take(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return some rows."""
        if self.fused:
            return self.X.index_select(0, rows), self.y.index_select(0, rows)
        return self.X[rows], self.y[rows]

    def step(self, X: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Take a step, and return the loss before it."""
        rule = self.work.optimizer
        if not isinstance(rule, Adam) and rule.decay:
            rate = rule.learning_rate / (1 + rule.decay * self.iterations)
            self.optimizer.param_groups[0]["lr"] = rate
        self.iterations += 1
        if self.graphs:
            torch.compiler.cudagraph_mark_step_begin()
        loss = (self.full_loss if len(X) == self.work.batch_size else self.loss)(X, y)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        # the next replay of a graph overwrites the loss
        return loss.detach().clone() if self.graphs else loss.detach()

    def train(self, epochs: int, tick: Callable[[], None] | None = None) -> float:
        """Train; see `Trainer`."""
        self.model.train()
        for _ in range(epochs):
            losses = [self.step(X, y) for X, y in self.batches()]
            if tick:
                self.wait()
                tick()
        self.wait()
        return torch.stack(losses).mean().item()

    def wait(self) -> None:
        """Wait for the device."""
        if self.device == "cuda":
            torch.cuda.synchronize()

    @torch.inference_mode()
    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return probabilities; see `Trainer`."""
        if self.model.training:
            self.model.eval()
        logits = self.model(torch.from_numpy(X).to(self.device))
        return torch.softmax(logits, 1).cpu().numpy()


class GraphTrainer(TorchTrainer):
    """The whole step captured by hand in a CUDA graph; the short last batch is a plain step."""

    def __init__(self, work: Work) -> None:
        super().__init__(work, "cuda")
        rule = work.optimizer
        self.rate = torch.tensor(rule.learning_rate, device="cuda")
        self.taken = torch.zeros((), device="cuda")
        options = {"capturable": True} if isinstance(rule, Adam) else {}
        self.optimizer = self.make_optimizer(fused=True, **options)
        if not isinstance(rule, Adam):
            self.optimizer.param_groups[0]["lr"] = self.rate
        self.rows = torch.arange(work.batch_size, device="cuda")
        self.total = torch.zeros((), device="cuda")
        self.capture()

    def whole_step(self, X: torch.Tensor, y: torch.Tensor) -> None:
        """Take a step without a word to the host."""
        rule = self.work.optimizer
        if not isinstance(rule, Adam) and rule.decay:
            self.rate.copy_(rule.learning_rate / (1 + rule.decay * self.taken))
            self.taken += 1
        loss = self.loss(X, y)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.total += loss.detach()

    def next_batch(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the batch of `rows`."""
        if self.work.shuffle:
            return self.take(self.rows)
        return self.X, self.y

    def capture(self) -> None:
        """Warm up, capture the step, and go back to the start."""
        start = [parameter.detach().clone() for parameter in self.model.parameters()]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self.whole_step(*self.next_batch())
        torch.cuda.current_stream().wait_stream(stream)
        self.graph = torch.cuda.CUDAGraph()
        self.optimizer.zero_grad(set_to_none=True)
        with torch.cuda.graph(self.graph):
            self.whole_step(*self.next_batch())
        with torch.no_grad():
            for parameter, value in zip(self.model.parameters(), start):
                parameter.copy_(value)
                for array in self.optimizer.state[parameter].values():
                    array.zero_()
            self.taken.zero_()

    def train(self, epochs: int, tick: Callable[[], None] | None = None) -> float:
        """Train; see `Trainer`."""
        self.model.train()
        size = self.work.batch_size
        for _ in range(epochs):
            self.total.zero_()
            if self.work.shuffle:
                order = torch.randperm(len(self.X), device="cuda")
                for rows in order.split(size):
                    if len(rows) == size:
                        self.rows.copy_(rows)
                        self.graph.replay()
                    else:
                        self.whole_step(*self.take(rows))
            else:
                self.graph.replay()
            if tick:
                self.wait()
                tick()
        return self.total.item() / self.work.steps


SIDES = {
    "torch": TorchTrainer,
    "torch-default": partial(TorchTrainer, fused=False),
    "torch-compile": partial(TorchTrainer, compiled=True),
    "torch-cuda": partial(TorchTrainer, device="cuda"),
    "torch-compile-cuda": partial(TorchTrainer, device="cuda", compiled=True),
    "torch-cudagraph": GraphTrainer,
}
