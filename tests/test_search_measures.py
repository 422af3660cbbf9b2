"""What a search writes down of the metrics."""

from measured import CLASSES, X, network

import xpnn


def test_a_search_keeps_numbers_only():
    chosen = ["accuracy", "roc_auc", "confusion_matrix"]
    model = network(xpnn.Softmax(), loss="categorical_cross_entropy", chosen=chosen)
    history = xpnn.search.random_search(model, X, CLASSES, iterations=2, seed=0)
    assert set(history.history) == {"loss", "accuracy", "roc_auc"}
