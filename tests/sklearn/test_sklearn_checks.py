"""scikit-learn's own checks of estimators, on ours in many settings, with no failure expected.

Checks with arrays of a library run where that library is tested (XPNN_TEST_BACKENDS); the one
about CUDA, which fails where torch is built for it and there is no GPU, therefore runs where
``torch:cuda`` is named.
"""

import array_api_strict
import pytest
from conftest import SPECS
from sklearn.utils.estimator_checks import parametrize_with_checks

import xpnn
from xpnn.sklearn import MLPClassifier, MLPRegressor

FAST = {"hidden_layer_sizes": 8, "learning_rate_init": 0.1, "max_iter": 14}


class SklearnCubed(xpnn.Loss):
    """A loss of one's own: the absolute error to the power of three, over three."""

    def forward(self, predictions, targets):
        xp = xpnn.backend.array_namespace(predictions)
        error = predictions - targets
        size = xp.abs(error)
        return xp.sum(size**3, axis=1) / 3, lambda: error * size


# Three settings are not here, because scikit-learn's checks don't allow for what they mean, of
# its own MLP either: with a warm start a second fit is another, early stopping refuses
# partial_fit and splits rows by chance, and dropout draws anew for each row, so that one of
# weight 2 is not the row twice.  The tests beside this file have them.
SCHEDULE = xpnn.schedules.CosineDecay(0.2, 200, final=0.1)
# Settings are joined where they go together: all checks of one estimator take two seconds.
CLASSIFIERS = [
    {
        "solver": "rmsprop",
        "hidden_layer_sizes": (8, 6),
        "activation": ["tanh", xpnn.Tanh()],
        "loss": xpnn.MeanSquaredError(),
        "alpha": 0.1,
        "l1": 0.01,
    },
    {"solver": "adagrad", "learning_rate_init": 0.3, "batch_size": 150},
    {
        "solver": xpnn.Adam(SCHEDULE),
        "shuffle": False,
        "class_weight": "balanced",
        "loss": xpnn.CategoricalCrossEntropy(label_smoothing=0.05),
        "activation": "identity",
        "tol": 0.1,
    },
    {"solver": "lbfgs"},
    {
        "solver": "sgd",
        "learning_rate": "invscaling",
        "power_t": 0.1,
        "nesterovs_momentum": False,
        "activation": "logistic",
    },
]
REGRESSORS = [  # Huber's loss, because SGD diverges on targets of some hundreds otherwise
    {
        "loss": "huber",
        "hidden_layer_sizes": (8, 6),
        "activation": [xpnn.LeakyReLU(0.1), "relu"],
        "solver": "sgd",
        "learning_rate": "adaptive",
        "n_iter_no_change": 2,
        "nesterovs_momentum": False,
        "momentum": 0.8,
    },
    {"loss": "absolute_error", "hidden_layer_sizes": (), "solver": xpnn.Adam(SCHEDULE)},
    {"loss": SklearnCubed(), "solver": "adagrad", "learning_rate_init": 0.3},
    {"solver": "rmsprop", "activation": "logistic", "alpha": 0.1, "l1": 0.01},
    {"solver": "lbfgs", "activation": "tanh"},
]
ESTIMATORS = [
    MLPClassifier(),
    *(MLPClassifier(**(FAST | setting)) for setting in CLASSIFIERS),
    MLPRegressor(),
    *(MLPRegressor(**(FAST | setting)) for setting in REGRESSORS),
]


def wanted(check):
    """Whether a check is of this run: of libraries and devices that are tested, or of none."""
    given = check.keywords
    if check.func.__name__.endswith("_decision_function"):
        return False  # neither scikit-learn's MLP nor ours has that method
    places = [(given.get("array_namespace", "numpy"), given.get("device_name"))]
    if "X_ns_and_device" in given:
        places = [tuple(given[name]) for name in ("X_ns_and_device", "other_ns_and_device")]
    specs = {spec.partition(":")[0]: spec.partition(":")[2] for spec in SPECS}
    libraries = {library for library, _ in places} - {"numpy"}
    if not libraries:
        return "numpy" in specs
    if libraries == {"array_api_strict"}:
        return "array_api_strict" in specs
    return all(
        library in ("numpy", "array_api_strict")
        or (library in specs and (device in (None, "cpu") or device == specs[library]))
        for library, device in places
    )


def chosen():
    mark = parametrize_with_checks(ESTIMATORS)
    pairs = [pair for pair in mark.args[1] if wanted(pair[1])]
    return pytest.mark.parametrize(mark.args[0], pairs, ids=mark.kwargs["ids"])


@pytest.fixture(autouse=True)
def whole_standard():
    # other tests forbid what scikit-learn's own code needs
    with array_api_strict.ArrayAPIStrictFlags(
        boolean_indexing=True,
        data_dependent_shapes=True,
        enabled_extensions=("linalg", "fft"),
    ):
        yield


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Got `batch_size`:UserWarning")
@chosen()
def test_scikit_learns_checks(estimator, check):
    check(estimator)
