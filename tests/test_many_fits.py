"""Many fits at once: searches on a cluster, and studies in threads and processes."""

import os
from pathlib import Path

import joblib
import numpy as np
import optuna
import pytest
from conftest import SPECS
from dask.distributed import Client, LocalCluster
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from processes import run_python
from sklearn.model_selection import GridSearchCV, cross_val_score

from xpnn.sklearn import MLPClassifier

rng = np.random.default_rng(0)
X = rng.standard_normal((90, 4))
Y = (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 1)


@pytest.fixture(scope="module")
def cluster():
    """Two processes that work, which is what takes long here."""
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("OMP_NUM_THREADS")  # which is set for the tests
        cluster = LocalCluster(**options)
    with cluster, Client(cluster) as client:
        yield client


def classifier(spec="numpy"):
    return MLPClassifier((8,), max_iter=30, tol=0, n_iter_no_change=40, backend=spec)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("options", [{}, {"scatter": [X, Y]}], ids=["sent", "scattered"])
def test_a_search_on_a_cluster_is_the_search(cluster, options):
    grid = {"learning_rate_init": [0.003, 0.03], "random_state": [0, 1]}
    searches = [GridSearchCV(classifier(spec), grid, cv=3) for spec in SPECS]

    def scores():
        return [search.fit(X, Y).cv_results_["mean_test_score"] for search in searches]

    alone = scores()
    with joblib.parallel_config("dask", **options):  # once: Dask may lose what is sent twice
        there = scores()
    np.testing.assert_array_equal(there, alone)
    assert all(len({*each}) > 1 for each in alone)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_it_is_the_cluster_that_fits_with_a_thread_each(cluster):
    def where(estimator, X, y):
        import threadpoolctl

        blas = [p for p in threadpoolctl.threadpool_info() if p["user_api"] == "blas"]
        assert [pool["num_threads"] for pool in blas] == [1] * len(blas)
        return os.getpid()

    with joblib.parallel_config("dask"):
        processes = cross_val_score(classifier(), X, Y, scoring=where, cv=4)
    assert {int(process) for process in processes} <= {*cluster.run(os.getpid).values()}


# -------------------------------------------------------------------------------- Optuna

STUDY = """
    import sys
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend
    import numpy as np
    import xpnn
    from xpnn.callbacks import Pruning

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    X = np.linspace(-1, 1, 10)[:, None]

    def objective(trial):
        rate = trial.suggest_float("rate", 1e-4, 0.3, log=True)
        layers = [xpnn.Dense(1, 4), xpnn.Tanh(), xpnn.Dense(4, 1)]
        model = xpnn.Sequential(layers, seed=0).compile("mean_squared_error", xpnn.SGD(rate))
        history = model.fit(X, X**2, epochs=8, callbacks=[Pruning(trial, "loss")]).history
        return history["loss"][-1]

    study = optuna.create_study(
        study_name="parabola",
        storage=JournalStorage(JournalFileBackend("journal.log")),
        sampler=optuna.samplers.RandomSampler(seed=int(sys.argv[1])),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3),
        load_if_exists=True,
    )
    study.optimize(objective, n_trials=5)
"""


def test_two_processes_share_a_study(folder):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        codes = [STUDY.replace("sys.argv[1]", str(seed)) for seed in range(2)]
        for done in pool.map(run_python, codes):
            assert done.stderr == ""
    assert Path("journal.log").is_file()
    storage = JournalStorage(JournalFileBackend("journal.log"))
    study = optuna.load_study(study_name="parabola", storage=storage)
    states = [trial.state.name for trial in study.trials]
    assert len(states) == 10
    assert {*states} <= {"COMPLETE", "PRUNED"}  # which, their turns decide
    rates = {trial.params["rate"] for trial in study.trials}
    assert len(rates) == 10  # each drew its own
