"""Steps of optimizers by torch's own kernels, which pass over the parameters once.

A rule in the standard's words passes over them once for each operation, Adam's eleven times.
torch has a kernel for some rules (behind ``torch.optim.Adam(fused=True)``), and takes them for
whole lists of arrays.  Where a kernel is lacking or gives other numbers, the rule is used.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch

from xpnn.optimizers import SGD, Adam, AdamW, Optimizer

__all__ = ["Fused", "fused"]

Arrays = Sequence[Any]


class Fused(ABC):
    """An optimizer whose steps a kernel takes.

    Parameters
    ----------
    optimizer : xpnn.Optimizer
        The optimizer.
    """

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer

    def numbers(self, t: Any) -> tuple[Any, ...]:
        """Return what is the same for every parameter; as `xpnn.Optimizer.numbers`."""
        return self.optimizer.numbers(t)  # type: ignore[no-any-return]

    def units(self) -> tuple[float, ...]:
        """Return by what each slot is multiplied to be as the kernel keeps it."""
        return (1.0,) * len(self.optimizer.slots)

    @contextmanager
    def kernel_units(self, slots: Sequence[Arrays]) -> Iterator[None]:
        """Keep slots as the kernel does, while steps are taken."""
        scales = [(slot, unit) for slot, unit in zip(slots, self.units()) if unit != 1]
        for slot, unit in scales:
            torch._foreach_mul_(slot, unit)
        try:
            yield
        finally:
            for slot, unit in scales:
                torch._foreach_div_(slot, unit)

    def step(
        self, params: Arrays, grads: Arrays, slots: Sequence[Arrays], numbers: Arrays
    ) -> tuple[Arrays, Sequence[Arrays]]:
        """Take a step in place; as `xpnn.Optimizer.step`."""
        # the kernels trust that gradients lie in memory as the parameters do
        grads = [g.to(p).contiguous() for p, g in zip(params, grads)]
        self.launch(params, grads, slots, numbers)
        return params, slots

    @abstractmethod
    def launch(
        self, params: Arrays, grads: Arrays, slots: Sequence[Arrays], numbers: Arrays
    ) -> None:
        """Ask for the kernel."""


class FusedSGD(Fused):
    """SGD: 3.5 ms where the rule takes 5.7, for eight million parameters.

    torch's velocity has no learning rate in it (v = momentum v + (1 - dampening) g and
    p = p - lr v); ours has, also where it changes, with 1 - dampening = -learning_rate and
    lr = -1.
    """

    def launch(
        self, params: Arrays, grads: Arrays, slots: Sequence[Arrays], numbers: Arrays
    ) -> None:
        """Ask for the kernel."""
        learning_rate = float(numbers[0])
        momentum = self.optimizer.momentum
        torch._fused_sgd_(
            params,
            grads,
            slots[0] if momentum else [],
            weight_decay=0.0,
            momentum=momentum,
            lr=-1.0 if momentum else learning_rate,
            dampening=1.0 + learning_rate if momentum else 0.0,
            nesterov=False,
            maximize=False,
            is_first_step=False,
        )


class FusedAdam(Fused):
    """Adam and AdamW: 52 µs where the rule takes 150, for a hundred thousand parameters."""

    def numbers(self, t: Any) -> tuple[Any, ...]:
        """Return the learning rate, the number of the step, and what a schedule lets shrink."""
        (learning_rate,) = Optimizer.numbers(self.optimizer, t)
        if not self._decay_changes:
            return learning_rate, t + 1
        return learning_rate, t + 1, self.optimizer.numbers(t)[-1]

    @property
    def _decay_changes(self) -> bool:
        """Whether the weight decay is another in each step, which the kernel does not know."""
        return callable(getattr(self.optimizer, "weight_decay", 0.0))

    def units(self) -> tuple[float, ...]:
        """Return the factors 1 - beta of the means, which xpnn leaves out."""
        return 1 - self.optimizer.beta_1, 1 - self.optimizer.beta_2

    def launch(
        self, params: Arrays, grads: Arrays, slots: Sequence[Arrays], numbers: Arrays
    ) -> None:
        """Ask for the kernel."""
        rule = self.optimizer
        learning_rate, count, *shrink = numbers
        if shrink:
            torch._foreach_mul_(params, *shrink)
        decays = isinstance(rule, AdamW) and not shrink
        kernel = torch._fused_adamw_ if decays else torch._fused_adam_
        kernel(
            params,
            grads,
            *slots,
            [],
            [count] * len(params),
            lr=learning_rate,
            beta1=rule.beta_1,
            beta2=rule.beta_2,
            weight_decay=rule.weight_decay if decays else 0.0,
            eps=rule.epsilon,
            amsgrad=False,
            maximize=False,
        )


@cache
def fused(optimizer: Any, device: torch.device, dtype: torch.dtype) -> Fused | None:
    """Return an optimizer with its kernel, if there is one that does what the rule does."""
    kind = type(optimizer)
    kernel: Fused
    # a GPU's kernels read the learning rate in single precision, and the dampening not there
    single_on_gpu = device.type == "cuda" and dtype == torch.float32
    if kind in (Adam, AdamW) and (device.type == "cpu" or single_on_gpu):
        kernel = FusedAdam(optimizer)
    elif kind is SGD and not optimizer.nesterov and device.type == "cpu":
        kernel = FusedSGD(optimizer)
    else:
        return None
    try:
        with torch.inference_mode():
            return kernel if _agrees(kernel, device, dtype) else None
    except (AttributeError, TypeError, RuntimeError):  # not in this torch, or not like this
        return None


def _agrees(kernel: Fused, device: torch.device, dtype: torch.dtype) -> bool:
    """Take some steps with the kernel and with the rule."""
    rule = kernel.optimizer
    p = torch.linspace(-1, 1, 37, dtype=dtype, device=device)
    g = p.cos()
    ours, theirs = ([p.clone(), *(torch.zeros_like(p) for _ in rule.slots)] for _ in range(2))
    slots = [[slot] for slot in theirs[1:]]
    with kernel.kernel_units(slots):
        for t in range(3):
            count = torch.tensor(float(t), dtype=dtype, device=device)
            ours = rule.rule(ours[0], g, *ours[1:], *rule.numbers(count))
            kernel.step(theirs[:1], [g], slots, kernel.numbers(count))
    rounding = 100 * torch.finfo(dtype).eps
    return all(
        torch.allclose(*pair, rtol=rounding, atol=rounding) for pair in zip(ours, theirs)
    )
