"""The losses that only the estimators have."""

import pytest

from xpnn.sklearn.losses import HalfSquaredError, SummedBinaryCrossEntropy
from xpnn.testing import check_loss


@pytest.mark.parametrize("loss", [HalfSquaredError(), SummedBinaryCrossEntropy()])
def test_gradients_of_the_losses(loss):
    check_loss(loss)
