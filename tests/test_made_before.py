"""What 69caa3c wrote still loads, goes on and predicts the same.

``tests/data/made_by_69caa3c`` holds a model file, a checkpoint in the middle of an epoch, an
ONNX file, and a pickled network and estimators; ``make.py`` there wrote them.
"""

import importlib.util
import pickle
import pickletools
import shutil
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import xpnn
from xpnn.callbacks import Checkpoint

FOLDER = Path(__file__).parent / "data" / "made_by_69caa3c"

spec = importlib.util.spec_from_file_location("made_by_69caa3c", FOLDER / "make.py")
made = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made)

ROUNDING = {"rtol": 1e-9, "atol": 1e-9}
"""Between two processors; the numbers are float64."""


def saved(name):
    with np.load(FOLDER / f"{name}.npz") as arrays:
        return dict(arrays)


def unpickled(name):
    with warnings.catch_warnings():
        # the label binarizer inside is scikit-learn's own, of the version of that day
        warnings.filterwarnings("ignore", message="Trying to unpickle estimator")
        return pickle.loads((FOLDER / f"{name}.pickle").read_bytes())


def assert_close(ours, wanted):
    assert ours.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_allclose(ours[name], array, err_msg=name, **ROUNDING)


def assert_same(ours, wanted):
    assert ours.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_array_equal(ours[name], array, err_msg=name)


def test_model_file():
    model = xpnn.load(FOLDER / "model.safetensors", "numpy")
    whole = saved("whole")
    np.testing.assert_allclose(model.predict(made.X), whole["outputs"], **ROUNDING)
    parameters = {f"parameter {i}": p for i, p in enumerate(model.parameters)}
    assert_same(parameters, {name: whole[name] for name in parameters})
    card = model.card()
    assert card["metrics"] == ["accuracy", "f1_weighted", "roc_auc"]
    assert card["clip_norm"] == 1.0
    assert card["loss"]["label_smoothing"] == 0.1


def test_onnx_file_and_the_one_of_today(tmp_path):
    xpnn.load(FOLDER / "model.safetensors", "numpy").export_onnx(tmp_path / "model.onnx")
    for path in (FOLDER / "model.onnx", tmp_path / "model.onnx"):
        session = onnxruntime.InferenceSession(path.read_bytes())
        (outputs,) = session.run(None, {"inputs": made.X})
        np.testing.assert_allclose(outputs, saved("whole")["outputs"], **ROUNDING)
    assert (tmp_path / "model.onnx").read_bytes() == (FOLDER / "model.onnx").read_bytes()


def test_checkpoint_in_the_middle_of_an_epoch(tmp_path):
    folder = tmp_path / "checkpoints"
    shutil.copytree(FOLDER / "checkpoints", folder)
    resumed = made.network()
    callbacks = [*made.others(), Checkpoint(folder)]
    resumed.fit(made.X, made.Y, callbacks=callbacks, resume=folder, **made.HOW)
    assert_close(made.learnt(resumed), saved("whole"))

    # the steps before were taken there: where this processor rounds as that one did, the run
    # that is left alone here is the same to the last bit
    alone = made.network()
    alone.fit(made.X, made.Y, callbacks=made.others(), **made.HOW)
    assert_close(made.learnt(alone), saved("whole"))
    if rounds_as_there():
        assert_same(made.learnt(resumed), saved("whole"))
        assert_same(made.learnt(alone), saved("whole"))


def rounds_as_there():
    """Whether what is learnt up to the checkpoint is that of it, to the last bit."""
    stopped = made.network()
    with pytest.raises(KeyboardInterrupt):
        stopped.fit(made.X, made.Y, callbacks=[*made.others(), made.Stop()], **made.HOW)
    there = saved("stopped")
    return all(
        np.array_equal(p, there[f"parameter {i}"]) for i, p in enumerate(stopped.parameters)
    )


def test_pickled_network():
    model = unpickled("sequential")
    assert_close(made.learnt(model), saved("whole"))
    before = model.parameters
    model.fit(made.X, made.Y, epochs=1, verbose=False)  # the optimizer goes on
    assert any(not np.array_equal(p, q) for p, q in zip(before, model.parameters, strict=True))
    assert int(pickle.loads(pickle.dumps(model)).card()["training"]["epochs"]) == 1


def test_pickled_estimators():
    classifier, regressor = unpickled("classifier"), unpickled("regressor")
    wanted = saved("estimators")
    np.testing.assert_allclose(
        classifier.predict_proba(made.X), wanted["classifier"], **ROUNDING
    )
    assert set(classifier.predict(made.X)) <= {"no", "yes"}
    np.testing.assert_allclose(regressor.predict(made.X), wanted["regressor"], **ROUNDING)
    regressor.partial_fit(made.X, made.X[:, :2])  # goes on with what the optimizer remembers
    np.testing.assert_allclose(regressor.predict(made.X), wanted["one_more"], **ROUNDING)
    assert classifier.get_params()["activation"] == ["relu", "tanh"]


def test_what_pickles_name_is_there():
    names = set()
    for path in FOLDER.glob("*.pickle"):
        strings = []
        for operation, argument, _ in pickletools.genops(path.read_bytes()):
            if isinstance(argument, str):
                strings.append(argument)
            elif operation.name == "STACK_GLOBAL" and strings[-2].startswith("xpnn"):
                names.add(tuple(strings[-2:]))
    assert len(names) > 5
    for module, name in names:
        assert hasattr(importlib.import_module(module), name)
