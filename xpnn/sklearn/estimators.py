"""MLPClassifier and MLPRegressor: scikit-learn's parameters, xpnn's networks."""

# The address that is documented.  All else stood in this file once, and is found here still:
# estimators that were pickled then ask for `xpnn.sklearn.estimators.Uniform`.
from ..initializers import Uniform as Uniform
from .adapter import RECORD as RECORD
from .classifier import MLPClassifier
from .exchange import STOCK_VALUES as STOCK_VALUES
from .networks import OUTPUTS as OUTPUTS
from .parameters import ACTIVATIONS as ACTIVATIONS
from .perceptron import Task as Task
from .regressor import REGRESSION_LOSSES as REGRESSION_LOSSES
from .regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
