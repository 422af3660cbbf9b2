"""The exponential function, and the loss of counts that goes with it."""

import numpy as np
import onnxruntime
import pytest
from sklearn.linear_model import PoissonRegressor
from sklearn.metrics import mean_poisson_deviance
from support import assert_close, host

import xpnn
from xpnn.export import onnx_model
from xpnn.testing import check_loss

rng = np.random.default_rng(31)
X = rng.standard_normal((200, 3))
counts = rng.poisson(np.exp(X @ [0.5, -1.0, 0.0] + 1))


def test_the_exponential_in_onnx():
    model = xpnn.Sequential([xpnn.Dense(3, 1), xpnn.Exponential()], seed=0, dtype="float64")
    session = onnxruntime.InferenceSession(onnx_model(model).SerializeToString())
    (outputs,) = session.run(None, {"inputs": X})
    np.testing.assert_allclose(outputs, model.predict(X), rtol=1e-12)


@pytest.mark.parametrize("from_logits", [True, False])
def test_gradients_of_the_deviance(from_logits):
    check_loss(xpnn.PoissonDeviance(from_logits))


def test_the_deviance_is_scikit_learns(backend, dtype):
    y = np.array([[0.0], [1.0], [7.0]])
    z = np.array([[-1.0], [0.5], [2.0]])
    arrays = [backend.asarray(a, dtype) for a in (z, y)]
    losses, _ = xpnn.PoissonDeviance(from_logits=True).forward(*arrays)
    expected = [mean_poisson_deviance(b, np.exp(a)) / 2 for a, b in zip(z, y)]
    assert_close(losses, np.array(expected, dtype), rtol=1e-5, atol=1e-6)


def test_a_layer_learns_what_a_log_linear_model_does(backend):
    model = xpnn.Sequential([xpnn.Dense(3, 1), xpnn.Exponential()], seed=0, dtype="float64")
    model.compile(xpnn.PoissonDeviance(), xpnn.Adam(0.05))
    model.fit(X, counts, epochs=1000, batch_size=None, verbose=False)
    peer = PoissonRegressor(alpha=0, tol=1e-8).fit(X, counts)
    np.testing.assert_allclose(model.predict(X)[:, 0], peer.predict(X), rtol=1e-3)


def test_counts_below_0_are_refused():
    model = xpnn.Sequential([xpnn.Dense(3, 1), xpnn.Exponential()], seed=0)
    model.compile(xpnn.PoissonDeviance(), xpnn.Adam())
    with pytest.raises(ValueError, match="y must not be negative"):
        model.fit(X, counts - 1, verbose=False)


def test_a_mean_that_is_0_has_a_loss_and_a_gradient(backend, dtype):
    y = backend.asarray([[0.0], [3.0]], dtype)
    losses, backward = xpnn.PoissonDeviance().forward(backend.asarray([[0.0], [0.0]], dtype), y)
    assert float(losses[0]) == pytest.approx(0, abs=1e-30)
    assert np.isfinite(host(losses)).all()
    assert float(backward()[0, 0]) == pytest.approx(1)
