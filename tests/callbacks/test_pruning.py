"""A trial of Optuna that is told of each epoch, and ended where others were better."""

import warnings

import numpy as np
import optuna
import pytest
from processes import run_python
from resumed import HOW, network
from resumed import X as FEATURES
from resumed import Y as CLASSES
from ten_rows import X, Y, model

import xpnn
from xpnn.callbacks import Callback, Checkpoint, Pruning

optuna.logging.set_verbosity(optuna.logging.ERROR)


class AsTold(optuna.pruners.BasePruner):
    """Prunes after a step."""

    def __init__(self, step=None):
        self.step = step

    def prune(self, study, trial):
        return trial.last_step == self.step


def study(step=None, **options):
    return optuna.create_study(pruner=AsTold(step), **options)


def test_each_epoch_is_reported(backend):
    trial = study().ask()
    network = model()
    network.fit(X, Y, epochs=4, validation_data=(X, Y), callbacks=[Pruning(trial)])
    told = trial.study.trials[0].intermediate_values
    assert told == dict(enumerate(network.history.history["val_loss"]))


def test_a_trial_that_is_pruned(backend):
    trial = study(2).ask()
    network = model()
    with pytest.raises(optuna.TrialPruned, match=r"^loss was 0\.\d+ after 3 epochs$"):
        network.fit(X, Y, epochs=9, callbacks=[Pruning(trial, "loss")])
    assert network.history.epochs == 3
    assert trial.study.trials[0].intermediate_values.keys() == {0, 1, 2}


def test_the_worse_half_is_pruned():
    ours = optuna.create_study(
        sampler=optuna.samplers.RandomSampler(seed=0),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3),
    )

    def objective(trial):
        rate = trial.suggest_float("rate", 1e-4, 0.3, log=True)
        network = model().compile("mean_squared_error", xpnn.SGD(rate))
        history = network.fit(X, Y, epochs=8, callbacks=[Pruning(trial, "loss")]).history
        return history["loss"][-1]

    ours.optimize(objective, n_trials=12)
    states = [trial.state.name for trial in ours.trials]
    assert {*states} == {"COMPLETE", "PRUNED"}
    assert states.count("PRUNED") >= 3
    rates = {
        state: np.median([t.params["rate"] for t in ours.trials if t.state.name == state])
        for state in ("COMPLETE", "PRUNED")
    }
    assert rates["PRUNED"] < rates["COMPLETE"]


@pytest.mark.parametrize("error", [ArithmeticError, xpnn.DivergenceError])
def test_a_trial_that_diverges_counts_as_failed(error):
    ours = study(5)

    def objective(trial):
        network = model().compile("mean_squared_error", xpnn.SGD([1e9, 0.1][trial.number]))
        network.fit(X, Y, epochs=9, callbacks=[Pruning(trial, "loss")])

    ours.optimize(objective, n_trials=2, catch=error)
    assert [trial.state.name for trial in ours.trials] == ["FAIL", "PRUNED"]


def test_a_name_that_is_found_with_macro():
    trial = study(direction="maximize").ask()
    layers = [xpnn.Dense(1, 3), xpnn.Softmax()]
    network = xpnn.Sequential(layers, seed=0)
    network.compile("categorical_cross_entropy", "sgd", ["recall"])
    classes = np.arange(10) % 3
    history = network.fit(
        X, classes, validation_data=(X, classes), callbacks=[Pruning(trial, "val_recall")]
    ).history
    told = trial.study.trials[0].intermediate_values
    assert told == dict(enumerate(history["val_recall_macro"]))


# ------------------------------------------------------------------------- resumed runs


class PowerCut(Callback):
    """Ends a run in the middle of an epoch."""

    def on_epoch_begin(self, epoch):
        if epoch == 5:
            raise SystemExit


def interrupted(trial, folder):
    """Train for five epochs, of which the last checkpoint has four."""
    callbacks = [Pruning(trial), Checkpoint(folder, 2), PowerCut()]
    with pytest.raises(SystemExit):
        network().fit(FEATURES, CLASSES, callbacks=callbacks, **HOW)
    for path in sorted(folder.glob("*.safetensors")):
        if "epoch-5" in path.name:  # written when it ended; a kill leaves none
            path.unlink()


def test_a_step_is_told_once_where_the_trial_goes_on(tmp_path):
    trial = study().ask()
    interrupted(trial, tmp_path)
    again = network()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again.fit(FEATURES, CLASSES, callbacks=[Pruning(trial)], resume=tmp_path, **HOW)
    told = trial.study.trials[0].intermediate_values
    assert told == dict(enumerate(again.history.history["val_loss"]))


def test_a_new_trial_is_told_of_all_epochs(tmp_path):
    ours = study()
    interrupted(ours.ask(), tmp_path)
    trial, again = ours.ask(), network()
    again.fit(FEATURES, CLASSES, callbacks=[Pruning(trial)], resume=tmp_path, **HOW)
    told = ours.trials[1].intermediate_values
    assert told == dict(enumerate(again.history.history["val_loss"]))


# ------------------------------------------------------------------ what is refused


def test_what_is_no_trial():
    with pytest.raises(TypeError, match=r"trial must be the optuna\.Trial"):
        Pruning("val_loss")
    with pytest.raises(TypeError, match="monitor must be the name"):
        Pruning(study().ask(), 3)


def test_a_measure_that_is_not_measured():
    with pytest.raises(ValueError, match=r"Pruning: monitor must be one of .*validation_data"):
        model().fit(X, Y, callbacks=[Pruning(study().ask())])


@pytest.mark.parametrize(
    ("direction", "monitor", "words"),
    [
        ("maximize", "loss", "to maximize, but loss is better when it is smaller"),
        ("minimize", "r2", "to minimize, but r2 is better when it is larger"),
    ],
)
def test_a_study_that_goes_the_other_way(direction, monitor, words):
    trial = study(direction=direction).ask()
    network = model().compile("mean_squared_error", "sgd", ["r2"])
    with pytest.warns(UserWarning, match=words):
        network.fit(X, Y, callbacks=[Pruning(trial, monitor)])


def test_ways_that_nobody_can_know(recwarn):
    def regret(predictions, targets):
        return ((predictions - targets) ** 2)[0, 0]

    network = model().compile("mean_squared_error", "sgd", [regret])
    network.fit(X, Y, callbacks=[Pruning(study().ask(), "regret")])
    bound = optuna.pruners.ThresholdPruner(upper=1e6)
    trial = optuna.create_study(direction="maximize", pruner=bound).ask()
    network.fit(X, Y, callbacks=[Pruning(trial, "loss")])
    network.fit(X, Y, callbacks=[Pruning(optuna.trial.FixedTrial({}), "loss")])
    assert not recwarn.list


def test_optuna_is_imported_when_it_is_used():
    run_python("""
        import sys
        sys.modules["optuna"] = None
        import xpnn.callbacks
        try:
            xpnn.callbacks.Pruning(None)
        except ModuleNotFoundError as error:
            assert "pip install 'xpnn[optuna]'" in str(error), error
        else:
            raise AssertionError
    """)
