"""Estimators for scikit-learn: its own MLP's parameters, trained by xpnn on any array library.

They go where scikit-learn's go: into pipelines, searches and cross-validation; and with
``sklearn.set_config(array_api_dispatch=True)`` arrays of other libraries go in and come out.
"""

from ..backend.draws import undisturbed_draws

with undisturbed_draws():
    try:
        import sklearn as _sklearn
    except ImportError as error:
        raise ImportError(
            f"xpnn.sklearn needs scikit-learn, which can't be imported ({error}). Install it: "
            "pip install 'scikit-learn>=1.9'"
        ) from error

    from .conversion import register_skl2onnx
    from .estimators import MLPClassifier, MLPRegressor
    from .preparation import TablePreparation
    from .tabular import TabularClassifier, TabularRegressor

__all__ = [
    "MLPClassifier",
    "MLPRegressor",
    "TablePreparation",
    "TabularClassifier",
    "TabularRegressor",
    "register_skl2onnx",
]

del _sklearn
