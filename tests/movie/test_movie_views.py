"""The view of the data: what can be shown of a model."""

import numpy as np
import pytest
from filming import X, Y, film, frames, model

import xpnn
from xpnn.movie import scene


@pytest.mark.parametrize(
    ("network", "data", "view"),
    [
        (model().to("array_api_strict"), (X, np.eye(3)[Y]), "regions"),
        (model(1, xpnn.BinaryCrossEntropy(from_logits=True)), (X, (Y == 1) * 1.0), "regions"),
        (model(1, "mean_squared_error", 1), xpnn.datasets.sine(40), "curve"),
        (model(2, "mean_squared_error"), (X, X), "loss"),
        (model(2, xpnn.BinaryCrossEntropy(from_logits=True)), (X, (X > 0) * 1.0), "loss"),
        (model(3, n_inputs=3), (np.c_[X, X[:, :1]], Y), "loss"),
    ],
)
def test_what_can_be_shown_of_a_model_is(network, data, view, tmp_path, monkeypatch):
    begun = []
    original = scene.begin_view

    def begin(kind, *others):
        begun.append(kind)
        return original(kind, *others)

    monkeypatch.setattr(scene, "begin_view", begin)
    film(tmp_path / "a.gif", epochs=1, data=data, network=network, fit=data)
    assert begun == ([] if view == "loss" else [view])
    pictures, _ = frames(tmp_path / "a.gif")
    assert len(pictures) == 2
    assert (pictures[0] != pictures[1]).any()


def test_data_that_does_not_fit_the_model_is_refused(tmp_path):
    for data, said in (
        ((X[:, :1], Y), "X must have 2 features"),
        ((X, Y[1:]), r"got the shapes \(60, 2\) and \(59,\)"),
        ((X * np.nan, Y), "X of data must hold finite numbers"),
    ):
        with pytest.raises(ValueError, match=said):
            film(tmp_path / "a.gif", data=data)
    assert list(tmp_path.iterdir()) == []
