"""scikit-learn's own tests of its MLP, on ours: their file is read where it is installed.

Only the import is exchanged.  What can't pass is in a table, with the reason; what is there and
passes is a failure.
"""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

LBFGS = "solver='lbfgs' is refused: it is no rule for steps of batches"
EXCEPTIONS = {
    "test_gradient": f"{LBFGS}; gradients are checked in test_gradients.py",
    "test_lbfgs_classification": LBFGS,
    "test_lbfgs_regression": LBFGS,
    "test_lbfgs_classification_maxfun": LBFGS,
    "test_lbfgs_regression_maxfun": LBFGS,
    "test_multilabel_classification": LBFGS,
    "test_multioutput_regression": LBFGS,
    "test_predict_proba_multilabel": LBFGS,
    "test_sparse_matrices": f"{LBFGS}; nor are sparse rows taken, as these networks are dense",
    "test_warm_start": LBFGS,
    "test_mlp_warm_start_no_convergence[lbfgs-MLPClassifier]": LBFGS,
    "test_mlp_warm_start_no_convergence[lbfgs-MLPRegressor]": LBFGS,
    "test_mlp_vs_poisson_glm_equivalent": f"{LBFGS}; test_sklearn_regressor.py has the loss",
}

PATH = Path(find_spec("sklearn.neural_network").origin).parent / "tests" / "test_mlp.py"
SOURCE, EXCHANGED = re.subn(
    r"^from sklearn\.neural_network import MLPClassifier, MLPRegressor$",
    "from xpnn.sklearn import MLPClassifier, MLPRegressor",
    PATH.read_text(encoding="utf-8"),
    flags=re.MULTILINE,
)
exec(compile(SOURCE, str(PATH), "exec"))


@pytest.fixture
def global_random_seed():
    return 42


@pytest.fixture(autouse=True)
def exceptions(request):
    name = request.node.name
    reason = EXCEPTIONS.get(name) or EXCEPTIONS.get(request.node.originalname)
    if reason:
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))


def test_it_is_ours_that_is_tested():
    assert EXCHANGED == 1
    assert MLPClassifier.__module__ == "xpnn.sklearn.classifier"  # noqa: F821
    names = {name for name in globals() if name.startswith("test_")}
    assert {name.partition("[")[0] for name in EXCEPTIONS} <= names
    assert len(names) > 40
