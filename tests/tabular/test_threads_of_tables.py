"""One thread multiplies small matrices."""

import sys

import numpy as np
import pytest
from threadpoolctl import threadpool_info

import xpnn
from xpnn.sklearn import TabularClassifier
from xpnn.tabular import recipe
from xpnn.tabular.threads import few_threads

rng = np.random.default_rng(1)


def threads():
    return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}


def network(width):
    return xpnn.Sequential([xpnn.Dense(10, width), xpnn.ReLU(), xpnn.Dense(width, 2)], seed=0)


def test_only_small_products_have_one_thread_and_only_for_a_while():
    before = threads()
    with few_threads(network(128), 128):
        assert threads() == {1}
    assert threads() == before
    with few_threads(network(2000), 1000):
        assert threads() == before


def test_without_the_package_all_is_left(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    before = threads()
    with few_threads(network(128), 128):
        assert threads() == before


@pytest.mark.parametrize("method", ["fit", "predict"])
def test_a_table_is_learnt_and_answered_by_one(monkeypatch, method):
    tiny = recipe.Recipe(n_members=2, hidden=(8,), steps=4)
    monkeypatch.setitem(recipe.PRESETS, "fast", tiny)
    X = rng.normal(size=(300, 2))
    model = TabularClassifier(preset="fast", random_state=0).fit(X, X[:, 0] > 0)
    seen, whole = [], getattr(xpnn.Sequential, method)

    def watched(*args, **kwargs):
        seen.append(threads())
        return whole(*args, **kwargs)

    monkeypatch.setattr(xpnn.Sequential, method, watched)
    model.fit(X, X[:, 0] > 0) if method == "fit" else model.predict(X)
    assert seen
    assert all(found == {1} for found in seen)
