"""Numbers that are out of range, and rows that are not finite.

Each refusal names the argument and what came.
"""

import dataclasses

import numpy as np
import pytest
from support import of_the_core
from twelve_rows import X, changed, classifier

import xpnn
from xpnn import Dense, Dropout

NONSENSE = ["a", None, True, float("nan"), float("inf"), -1, [0.1]]
OURS = [name for name, cls in xpnn.optimizers.OPTIMIZERS.items() if of_the_core(cls)]
FIELDS = {
    ("SGD", "momentum"): [1.0, 1.5],
    ("AdaGrad", "epsilon"): [0],
    ("RMSProp", "rho"): [1.0],
    ("RMSProp", "epsilon"): [0],
    ("Adam", "beta_1"): [1.0],
    ("Adam", "beta_2"): [1.0],
    ("Adam", "epsilon"): [0],
    ("AdamW", "beta_1"): [1.0],
    ("AdamW", "beta_2"): [1.0],
    ("AdamW", "epsilon"): [0],
    ("AdaDelta", "rho"): [1.0],
    **{
        (cls, b): [1.0]
        for cls in ("AdaMax", "NAdam", "Lion", "LAMB", "Muon")
        for b in ("beta_1", "beta_2")
    },
    **{("Adan", f"beta_{i}"): [1.0] for i in (1, 2, 3)},
    **{
        (cls, "epsilon"): [0] for cls in ("AdaDelta", "AdaMax", "NAdam", "Adan", "LAMB", "Muon")
    },
    ("NAdam", "momentum_decay"): [],
    ("Muon", "momentum"): [1.0],
    **{(cls, "weight_decay"): [] for cls in ("AdamW", "Lion", "Adan", "LAMB", "Muon")},
    **{(cls, "learning_rate"): [0] for cls in OURS},
    **{(cls, "decay"): [] for cls in OURS},
}


@pytest.mark.parametrize(("cls", "field"), FIELDS)
def test_optimizer_setting_out_of_range(cls, field):
    for value in [*NONSENSE, *FIELDS[cls, field]]:
        with pytest.raises((TypeError, ValueError), match=f"{field} must be") as caught:
            getattr(xpnn, cls)(**{field: value})
        assert repr(value) in str(caught.value)


def test_every_numeric_field_of_every_optimizer_is_in_the_table():
    known = {
        (name, f.name)
        for name, cls in xpnn.optimizers.OPTIMIZERS.items()
        if of_the_core(cls)
        for f in dataclasses.fields(cls)
        if isinstance(f.default, float)
    }
    assert known == set(FIELDS)


def test_number_that_no_float_can_hold():
    with pytest.raises((TypeError, ValueError), match="decay must be"):
        xpnn.SGD(decay=10**400)


def test_nesterov_needs_momentum():
    with pytest.raises(ValueError, match=r"nesterov.*momentum"):
        xpnn.SGD(nesterov=True)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda v: Dense(v, 2), "n_inputs"),
        (lambda v: Dense(2, v), "n_outputs"),
    ],
)
def test_layer_size_out_of_range(make, word):
    for value in (0, -1, 1.5, "3", None, True, float("nan")):
        with pytest.raises((TypeError, ValueError), match=f"{word} must") as caught:
            make(value)
        assert repr(value) in str(caught.value)


@pytest.mark.parametrize(
    ("make", "word", "more"),
    [(Dropout, "rate", [1.0, 2]), (xpnn.LeakyReLU, "slope", []), (xpnn.Huber, "delta", [0])],
)
def test_layer_or_loss_setting_out_of_range(make, word, more):
    for value in [*NONSENSE, *more]:
        with pytest.raises((TypeError, ValueError), match=f"{word} must be") as caught:
            make(value)
        assert repr(value) in str(caught.value)


def test_wrong_row_is_told_in_large_data(backend, monkeypatch):
    monkeypatch.setattr(xpnn.checks, "BLOCK", 8)
    with pytest.raises(ValueError, match=r"X must hold finite numbers.* row 9, column 1"):
        classifier().predict(changed(X, (9, 1), np.nan))
