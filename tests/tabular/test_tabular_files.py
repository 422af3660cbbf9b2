"""An ensemble in one file."""

import numpy as np
import pytest

import xpnn
from xpnn import ModelFileError, tabular
from xpnn.files.model_file import read_file, write_file
from xpnn.sklearn import TabularClassifier, TabularRegressor
from xpnn.tables import from_frame
from xpnn.tabular.cards import card

rng = np.random.default_rng(6)
N = 60
FRAME = {
    "size": rng.normal(size=N),
    "town": rng.choice(["Rome", "Oslo", "Lima"], N).tolist(),
    "price": [f"${p:,}" for p in rng.integers(500, 9000, N)],
    "remark": [" ".join(rng.choice(["quiet", "lake", "größer", "a"], 6)) for _ in range(N)],
}


@pytest.fixture
def small(monkeypatch):
    tiny = tabular.Recipe(n_members=2, hidden=(8,), epochs=2, steps=4, batch_size=32)
    monkeypatch.setitem(tabular.PRESETS, "fast", tiny)


@pytest.fixture
def file(tmp_path, small):
    """A file, with what was saved."""
    y = np.where(FRAME["size"] > 0, "much", "little")
    ensemble = TabularClassifier(preset="fast", random_state=0).fit(FRAME, y).ensemble_
    tabular.save(ensemble, tmp_path / "model", {"said": "so"})
    return tmp_path / "model", ensemble


def test_it_answers_as_what_was_saved(file, backend):
    path, ensemble = file
    loaded, extra = tabular.load(path)
    assert extra == {"said": "so"}
    assert loaded.target.labels == ("little", "much")
    assert all(member.backend is backend for member in loaded.members)
    assert loaded.encoding.features[-1].kind == "text"
    later = {"town": ["Rome", "Paris", None] * 20, "remark": ["", None, "QUIET lakes"] * 20}
    table = from_frame(FRAME | later)
    np.testing.assert_allclose(loaded.outputs(table), ensemble.outputs(table), rtol=1e-6)


def test_what_is_told_is_kept(tmp_path, small):
    y = np.where(FRAME["size"] > 1, "much", "little")
    model = TabularClassifier(preset="fast", decides="f1", random_state=0).fit(FRAME, y)
    assert len(model.ensemble_.factors) == 2
    tabular.save(model.ensemble_, tmp_path / "model")
    loaded, _ = tabular.load(tmp_path / "model", "numpy")
    assert loaded.factors == model.ensemble_.factors
    told = loaded.told(loaded.outputs(from_frame(FRAME)))
    np.testing.assert_array_equal(model.classes_[told], model.predict(FRAME))
    assert (model.predict(FRAME) == "much").any()


def test_a_number_too(tmp_path, small):
    model = TabularRegressor(preset="fast", random_state=0).fit(FRAME, FRAME["size"])
    tabular.save(model.ensemble_, tmp_path / "model")
    loaded, _ = tabular.load(tmp_path / "model", "numpy")
    np.testing.assert_array_equal(loaded.outputs(from_frame(FRAME)), model.predict(FRAME))


def test_each_kind_of_file_names_the_other(file, tmp_path):
    with pytest.raises(ModelFileError, match="holds 2 networks that are averaged"):
        xpnn.load(file[0])
    xpnn.Sequential([xpnn.Dense(2, 1)]).save(tmp_path / "one")
    with pytest.raises(ModelFileError, match="holds one network and no table's ensemble"):
        tabular.load(tmp_path / "one")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.update(members=3), "0.weights|2.weights|array"),
        (lambda d: d.update(members=0), "members must be an integer >= 1"),
        (lambda d: d.update(members="2"), "members must be an integer"),
        (lambda d: d["table"].update(temperature=0), "temperature must"),
        (lambda d: d["table"]["features"].pop(), "a member must have"),
        (lambda d: d["table"]["target"]["labels"].append("x"), "a member must have"),
        (lambda d: d["table"].update(factors=[1.0]), "factors must be 2, got 1"),
        (lambda d: d["table"].update(factors=[1.0, -1.0]), "factors must be a finite number"),
        (lambda d: d["table"].update(factors=3), "does not describe an ensemble"),
        (lambda d: d.pop("table"), "table"),
        (lambda d: d.update(extra=[]), "extra must be an object"),
    ],
    ids=[
        *("more", "none", "text", "temperature", "inputs", "outputs"),
        *("few factors", "signs of factors", "factors", "table", "extra"),
    ],
)
def test_what_a_file_can_not_hold(file, tmp_path, change, words):
    description, arrays = read_file(file[0])
    change(description)
    write_file(tmp_path / "wrong", description, arrays)
    with pytest.raises(ModelFileError, match=words):
        tabular.load(tmp_path / "wrong")


def test_a_card_is_the_same_of_an_ensemble_and_of_its_file(tmp_path, small):
    y = np.where(FRAME["size"] > 0, "much", "little")
    model = TabularClassifier(preset="fast", decides="f1", random_state=0).fit(FRAME, y)
    tabular.save(model.ensemble_, tmp_path / "model")
    ensemble, extra = tabular.load(tmp_path / "model")
    data = card(ensemble, extra)["data"]
    assert data["factors"] == [*ensemble.factors]
    assert [*data] == ["features", "target", "factors"]
