"""scikit-learn's MLPClassifier; the rate of its SGD can't decay, so there it stays."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from works import Adam, Work

FOREVER = 10**9


class Ticker(io.StringIO):
    """Hears the line that scikit-learn prints after each epoch."""

    def __init__(self, tick: Callable[[], None]) -> None:
        super().__init__()
        self.tick = tick

    def write(self, text: str) -> int:
        """Tick for the line's first piece."""
        if text.startswith("Iteration"):
            self.tick()
        return len(text)


class ScikitTrainer:
    """An MLPClassifier that starts warm, from the work's weights."""

    def __init__(self, work: Work) -> None:
        self.work, rule = work, work.optimizer
        if isinstance(rule, Adam):
            options = {
                "solver": "adam",
                "beta_1": rule.beta_1,
                "beta_2": rule.beta_2,
                "epsilon": rule.epsilon,
            }
        else:
            options = {
                "solver": "sgd",
                "momentum": rule.momentum,
                "nesterovs_momentum": False,
            }
        self.model = MLPClassifier(
            work.sizes[1:-1],
            alpha=0,
            learning_rate_init=rule.learning_rate,
            shuffle=work.shuffle,
            tol=0,
            n_iter_no_change=FOREVER,
            **options,
        )
        # it has weights to replace only when it has seen rows
        self.model.partial_fit(work.X[:2], work.y[:2], classes=np.arange(work.sizes[-1]))
        self.model.set_params(warm_start=True, batch_size=work.batch_size)
        self.model.coefs_ = [weights for weights, _ in work.initial()]
        self.model.intercepts_ = [biases for _, biases in work.initial()]

    def train(self, epochs: int, tick: Callable[[], None] | None = None) -> float:
        """Train; see `Trainer`."""
        self.model.set_params(max_iter=epochs, verbose=tick is not None)
        listen = redirect_stdout(Ticker(tick)) if tick else nullcontext()
        with warnings.catch_warnings(), listen:
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.model.fit(self.work.X, self.work.y)
        return float(self.model.loss_)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return probabilities; see `Trainer`."""
        return self.model.predict_proba(X)


SIDES = {"scikit-learn": ScikitTrainer}
