"""The losses and the layer that only the estimators have."""

import numpy as np
import onnxruntime
import pytest
from perceptrons import diabetes
from sklearn.metrics import mean_poisson_deviance
from support import assert_close

import xpnn
from xpnn.export import onnx_model
from xpnn.sklearn.losses import (
    Exponential,
    HalfSquaredError,
    PoissonDeviance,
    SummedBinaryCrossEntropy,
)
from xpnn.testing import check_layer, check_loss


@pytest.mark.parametrize(
    "loss", [HalfSquaredError(), SummedBinaryCrossEntropy(), PoissonDeviance()]
)
def test_gradients_of_the_losses(loss):
    check_loss(loss)


def test_gradient_of_the_exponential():
    check_layer(Exponential(), (5, 3))


def test_the_exponential_in_onnx():
    model = xpnn.Sequential([xpnn.Dense(10, 1), Exponential()], seed=0, dtype="float64")
    session = onnxruntime.InferenceSession(onnx_model(model).SerializeToString())
    (outputs,) = session.run(None, {"inputs": diabetes})
    np.testing.assert_allclose(outputs, model.predict(diabetes), rtol=1e-12)


def test_the_deviance_is_scikit_learns(backend, dtype):
    y = np.array([[0.0], [1.0], [7.0]])
    z = np.array([[-1.0], [0.5], [2.0]])
    arrays = [backend.asarray(a, dtype) for a in (z, y)]
    losses, _ = PoissonDeviance(from_logits=True).forward(*arrays)
    expected = [mean_poisson_deviance(b, np.exp(a)) / 2 for a, b in zip(z, y)]
    assert_close(losses, np.array(expected, dtype), rtol=1e-5, atol=1e-6)
