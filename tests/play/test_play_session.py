"""A session, and that the code which it shows gives the same numbers."""

import ast
import contextlib
import io

import numpy as np
import pytest
from processes import run_python

import xpnn
from xpnn.layers.activations import ACTIVATIONS
from xpnn.play import Choices, Session
from xpnn.play.choices import DATA, optimizers
from xpnn.play.rows import OwnTable


class LeftError(Exception):
    pass


def nothing():
    """Be called between blocks."""


def printed(code):
    """Run code here; return what it prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "shown", "exec"), {"__name__": "shown"})
    return [ast.literal_eval(line) for line in out.getvalue().splitlines()]


def some_choices(rng):
    """Draw choices, of all that there is."""
    depth = int(rng.integers(0, 4))
    names = [*optimizers()]
    one_of = [None, 1.0]
    return Choices(
        data=str(rng.choice(DATA)),
        samples=int(rng.integers(2, 40)),
        classes=int(rng.integers(2, 6)),
        noise=float(rng.choice([0, 0.05, 0.3])),
        hidden=tuple(int(n) for n in rng.integers(1, 9, depth)),
        activations=tuple(str(rng.choice([*ACTIVATIONS])) for _ in range(depth)),
        optimizer=str(rng.choice(names)),
        settings={"learning_rate": float(rng.choice([0.003, 0.01, 0.03]))},
        batch_size=None if rng.choice(one_of) is None else int(rng.integers(1, 30)),
        l1=float(rng.choice([0, 1e-3])),
        l2=float(rng.choice([0, 1e-3])),
        dropout=float(rng.choice([0, 0.2])),
        seed=int(rng.integers(1000)),
    )


@pytest.mark.parametrize("seed", range(16))
def test_the_code_gives_the_same_numbers(seed):
    rng = np.random.default_rng(seed)
    session = Session(some_choices(rng))
    for _ in range(int(rng.integers(1, 4))):
        session.train(int(rng.integers(1, 5)), nothing, by_steps=bool(rng.integers(2)))
        plain = session.choices.plain()
        changed = {"batch_size": int(rng.integers(1, 40))} if rng.integers(2) else {}
        rate = float(rng.choice([0.005, 0.02]))
        assert session.choose(
            Choices.of(plain | changed | {"settings": {"learning_rate": rate}})
        )
    assert not session.diverged
    assert printed(session.code()) == [*session.measure()]


@pytest.mark.parametrize("epochs", [0, 2])
def test_the_code_gives_the_numbers_in_the_middle_of_an_epoch(epochs):
    session = Session(Choices(samples=30, batch_size=10, dropout=0.1))
    found = {}
    if epochs:
        session.train(epochs, nothing)

    def look():
        if session.step == 4:
            found.update(code=session.code(), numbers=[*session.measure()])
            raise LeftError

    with contextlib.suppress(LeftError):
        session.train(1, look, by_steps=True)
    assert printed(found["code"]) == found["numbers"]
    assert "class AfterSteps" in found["code"]


def test_epochs_step_by_step_are_the_same_epochs():
    one, other = Session(Choices()), Session(Choices())
    one.train(3, nothing)
    steps = []
    other.train(2, nothing)
    other.train(1, lambda: steps.append(other.step), by_steps=True)
    assert steps == [*range(1, other.steps_of_epoch)]
    assert one.measure() == other.measure()
    assert one.code() == other.code()


def test_the_code_runs_by_itself():
    session = Session(Choices(data="circles", noise=0.1))
    session.train(2, nothing)
    lines = run_python(session.code()).stdout.splitlines()
    assert [ast.literal_eval(line) for line in lines] == [*session.measure()]


def test_on_each_backend(backend):
    session = Session(Choices(backend=backend.spec, samples=20))
    assert session.model.backend is backend
    session.train(2, nothing)
    other = Session(Choices(backend="numpy", samples=20))
    other.train(2, nothing)
    for here, there in zip(session.measure(), other.measure()):
        assert here["loss"] == pytest.approx(there["loss"], rel=1e-4)
    assert f'backend="{backend.spec}"' in session.code()


def test_a_training_that_diverges_says_so_and_so_does_its_code():
    session = Session(Choices(data="sine", optimizer="sgd", settings={"learning_rate": 1e6}))
    session.train(50, nothing)
    epochs = session.epoch
    assert session.diverged == (
        f"Training stopped in epoch {epochs}, as its numbers became infinite or NaN. Try a "
        "smaller learning rate."
    )
    assert not session.choose(Choices(data="sine", optimizer="sgd"))  # which begins anew
    session.train(1, nothing)
    assert session.epoch == epochs  # nothing goes on
    with pytest.raises(xpnn.DivergenceError):
        printed(session.code())


def test_what_begins_anew_is_not_chosen_on_the_way():
    session = Session(Choices())
    faster = Choices(settings={"learning_rate": 0.1})
    assert not session.choose(faster)  # nothing is trained yet: a new one is as good
    session.train(1, nothing)
    assert not session.choose(Choices(seed=3))
    assert session.choose(faster)
    assert session.model.learning_rate == pytest.approx(0.1)


def test_one_seed_is_one_run():
    one, same, other = (Session(Choices(seed=seed, noise=0.1)) for seed in (4, 4, 5))
    for session in (one, same, other):
        session.train(2, nothing)
    assert one.measure() == same.measure() != other.measure()


# ------------------------------------------------------------------------ a table of one's own


def write(folder, text, name="own.csv"):
    (folder / name).write_text(text, encoding="utf-8")
    return name


def flowers(n=40):
    rng = np.random.default_rng(0)
    kinds = ["oak", "ash <b>", "elm"]
    rows = ["leaf;stem;kind;note;height"]
    for i in range(n):
        x, y = rng.normal(size=2) + i % 3
        cell = "" if i == 7 else f"{x:.2f}".replace(".", ",")
        height = f"{x - y:.3f}".replace(".", ",")
        rows.append(f"{cell};{y:.2f};{kinds[i % 3]};n{i};{height}".replace(".", ","))
    return "\n".join(rows) + "\n"


def own(name, target=""):
    return OwnTable(name, xpnn.tables.read(name), target)


@pytest.mark.parametrize("target", ["kind", "height"])
def test_a_table_is_learnt_and_its_code_gives_the_same_numbers(folder, target):
    session = Session(Choices(data="table"), own(write(folder, flowers()), target))
    assert session.rows.names == ("leaf", "stem")
    assert session.rows.labels == (("ash <b>", "elm", "oak") if target == "kind" else ())
    assert len(session.rows.X) + len(session.rows.X_test) == 39
    assert session.rows.said == "39 rows, 1 left out"
    session.train(5, nothing)
    assert session.measure()[0]["loss"] < 1.2
    assert printed(session.code()) == [*session.measure()]


def test_the_columns_of_a_table_are_chosen(folder):
    table = own(write(folder, flowers()), "kind")
    session = Session(Choices(data="table", across="height", up="leaf"), table)
    assert session.rows.names == ("height", "leaf")
    session = Session(Choices(data="table", up="leaf", target="height"), table)
    assert session.rows.names == ("stem", "leaf")
    scaled = np.concatenate([session.rows.X, session.rows.X_test])
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(axis=0), 1, rtol=1e-5)


def test_names_and_paths_of_all_kinds_are_written_in_code(folder):
    name = 'it\'s "own".csv'
    text = flowers().replace("leaf", "the \\leaf").replace("stem", "Länge")
    session = Session(Choices(data="table"), own(write(folder, text, name), "kind"))
    assert session.rows.names == ("the \\leaf", "Länge")
    session.train(1, nothing)
    assert printed(session.code()) == [*session.measure()]


@pytest.mark.parametrize(
    ("text", "settings", "said"),
    [
        ("a,b\n1,x\n2,y\n3,x\n4,y\n", {}, "must have two columns of numbers beside 'b', but"),
        ("a,b\nx,p\ny,q\nx,p\ny,q\n", {}, "beside 'b', but it has none"),
        ("a,b,c\n1.5,2.5,x\n2.5,3.1,y\n0.4,7.7,x\n3.3,1.2,y\n", {}, "5 rows"),
        (
            flowers(),
            {"target": "kind", "across": "leaf", "up": "leaf"},
            "two different columns",
        ),
        (flowers(), {"target": "kind", "across": "kind"}, "but it is what is to be learnt"),
        (
            flowers(),
            {"target": "height", "across": "kind"},
            "'kind' must be a column of num",
        ),
        (flowers(), {"target": "kin"}, "did you mean 'kind'"),
        (flowers(), {"target": "note"}, "nothing to learn"),
    ],
    ids=["one", "none", "few rows", "twice", "target", "text", "unknown", "names"],
)
def test_a_table_that_can_t_be_shown_is_told_in_a_sentence(folder, text, settings, said):
    table = own(write(folder, text))
    with pytest.raises(ValueError, match=said):
        Session(Choices(data="table", **settings), table)


def test_more_classes_than_there_is_room_for(folder):
    rows = [f"{i / 7:.3f},{i / 3:.3f},c{i % 9}" for i in range(90)]
    table = own(write(folder, "\n".join(["a,b,kind", *rows])))
    with pytest.raises(ValueError, match="'kind' has 9 classes, and a page can show up to 8"):
        Session(Choices(data="table"), table)


def test_without_a_table_there_is_none_to_choose():
    with pytest.raises(ValueError, match="xpnn play FILE"):
        Session(Choices(data="table"))


def test_epochs_are_counted_while_a_training_goes_on():
    session, seen = Session(Choices(batch_size=1)), []  # of so many steps that they are cut
    session.train(1)
    session.train(3, lambda: seen.append((session.epoch, session.step)))
    assert seen == sorted(seen)
    assert {epoch for epoch, _ in seen} == {1, 2, 3}
    assert (session.epoch, session.step) == (4, 0)
