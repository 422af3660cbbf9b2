"""The page about a model: what is measured for it, and that it is whole."""

import re
import shutil
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error

from xpnn import tabular
from xpnn.backend import resolve
from xpnn.cli import main
from xpnn.report import gather
from xpnn.tables import Classes, Measure, from_frame
from xpnn.tables.understanding import understand
from xpnn.tabular import baselines
from xpnn.tabular.recipe import LINEAR, PRESETS
from xpnn.tabular.training import encoding_of_rows, fit_ensemble

rng = np.random.default_rng(0)
N = 300
X = {
    "strong": rng.normal(size=N).round(3),
    "noise": rng.normal(size=N).round(3),
    "colour": rng.choice(["red", "blue", "green"], N),
    "day": rng.choice(np.arange("2020-01-01", "2022-01-01", dtype="datetime64[D]"), N),
}
SIGNAL = 2 * X["strong"] + (X["colour"] == "red")
SEED = 5
SPLIT = {"seed": SEED, "members": 2, "validation_split": 0.0}


@pytest.fixture(autouse=True, scope="module")
def short_linear_models():
    """Train linear models for some epochs: what one reaches is tested elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(baselines, "LINEAR", replace(LINEAR, epochs=20))
        yield


def fitted(y, target, **changes):
    table = from_frame({name: [*column] for name, column in X.items()})
    recipe = replace(PRESETS["fast"], n_members=2, **changes)
    encoding = encoding_of_rows(table, understand(table).values())
    seed = np.random.SeedSequence(SEED)
    return table, fit_ensemble(table, encoding, target, y, recipe, seed, resolve("numpy"))


CLASSES = (SIGNAL + rng.normal(size=N) > 0.5).astype(int)


@pytest.fixture(scope="module")
def of_classes():
    table, found = fitted(CLASSES, Classes("", ("no", "yes")))
    return found, gather(found.ensemble, table, CLASSES, SPLIT, ("roc_auc",))


def test_each_row_is_answered_by_the_network_that_left_it_out(of_classes):
    found, evidence = of_classes
    assert evidence.learnt_from
    np.testing.assert_allclose(evidence.answers, found.answers, atol=1e-6)


def test_scores_are_those_of_a_peer_and_lie_in_their_intervals(of_classes):
    found, evidence = of_classes
    assert [*evidence.scores] == [
        "this model", "most frequent class", "linear model", "gradient-boosted trees"
    ]  # fmt: skip
    ours = evidence.scores["this model"]
    assert ours["log_loss"].value == pytest.approx(log_loss(CLASSES, found.answers), rel=1e-5)
    right = accuracy_score(CLASSES, found.answers.argmax(axis=1))
    assert ours["accuracy"].value == pytest.approx(right)
    # the standard error of a part of n rows is known
    error = np.sqrt(right * (1 - right) / N)
    low, high = ours["accuracy"].low, ours["accuracy"].high
    assert low < right < high
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.25)
    assert "roc_auc" in ours


def test_free_text_has_an_importance_and_no_effect():
    texts = [f"{' '.join(rng.choice(['big', 'old', 'far'], 4))} {k}" for k in range(N)]
    y = np.array([text.count("big") for text in texts], float)
    table = from_frame({"strong": X["strong"], "remark": texts})
    understood = understand(table)
    assert understood["remark"].kind == "text"
    encoding = encoding_of_rows(table, understood.values())
    recipe = replace(PRESETS["fast"], n_members=2)
    target = Measure("")
    seed = np.random.SeedSequence(SEED)
    found = fit_ensemble(table, encoding, target, y, recipe, seed, resolve("numpy"))
    evidence = gather(found.ensemble, table, y, SPLIT, ())
    assert [*evidence.importance] == ["remark", "strong"]
    assert evidence.importance["remark"].value > 0.1
    assert [effect.column for effect in evidence.effects] == ["strong"]


def test_what_it_goes_by_is_what_the_answer_was_made_of(of_classes):
    _, evidence = of_classes
    names = [*evidence.importance]
    assert names[0] == "strong"
    assert names[1] == "colour"
    assert abs(evidence.importance["noise"].value) < 0.1 * evidence.importance["strong"].value
    effects = {effect.column: effect for effect in evidence.effects}
    strong = effects["strong"]
    assert (np.diff(strong.values) > 0).all()
    assert strong.answers[-1, 1] > 0.8 > 0.2 > strong.answers[0, 1]
    colour = dict(zip(effects["colour"].values, effects["colour"].answers[:, 1]))
    assert colour["red"] > max(colour["blue"], colour["green"])
    assert effects["day"].values.dtype.kind == "M"


def test_other_rows_are_answered_by_all(of_classes):
    found, _ = of_classes
    other = {name: column[:50][::-1].tolist() for name, column in X.items()}
    table = from_frame(other)
    evidence = gather(found.ensemble, table, CLASSES[:50][::-1], None)
    assert not evidence.learnt_from
    assert [*evidence.scores] == ["this model", "most frequent class"]
    np.testing.assert_allclose(evidence.answers, found.ensemble.outputs(table), atol=1e-9)


def test_numbers_are_measured_in_their_own_units():
    y = 500 + 100 * SIGNAL
    table, found = fitted(y, Measure("price"))
    evidence = gather(found.ensemble, table, y, SPLIT)
    scores = evidence.scores["this model"]
    assert scores["mean_absolute_error"].value == pytest.approx(
        mean_absolute_error(y, found.answers), rel=1e-4
    )
    assert evidence.importance["strong"].value > 20 * abs(evidence.importance["noise"].value)
    assert [*evidence.scores][1] == "middle value"
    # what is lost without a column is told in the target's units, too: without the strongest
    # it is off by about what the target spreads
    spread = mean_absolute_error(y, np.full(N, y.mean()))
    assert evidence.importance["strong"].value == pytest.approx(spread, rel=0.5)


# ------------------------------------------------------------------------------- the page


class Page(HTMLParser):
    """What is in a page: its texts, and what it would fetch."""

    def __init__(self, path):
        super().__init__()
        self.texts, self.fetched, self.open = [], [], []
        self.feed(Path(path).read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.fetched += [found[name] for name in ("src", "href") if name in found]
        if tag not in ("meta", "br", "link"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


def run(*words, status=0):
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == status, (result.output, result.exception)
    return result


def write(path, y, name="y"):
    rows = zip(*X.values(), y)
    lines = [",".join([*X, name]), *(",".join(map(str, row)) for row in rows)]
    Path(path).write_text("\n".join(lines) + "\n")


QUICK = ("--preset", "fast", "--members", 2, "--epochs", 40, "--no-baselines")


@pytest.mark.usefixtures("folder")
def test_a_page_is_whole_and_needs_nothing_else():
    write("t.csv", np.where(CLASSES, "<b>yes</b>", "no & no"))
    run("train", "t.csv", "--target", "y", *QUICK)
    assert run("report", "model.safetensors", "t.csv").stdout == "wrote report.html\n"
    page = Page("report.html")
    assert page.open == []
    assert all(where.startswith("#") for where in page.fetched)
    text = Path("report.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|@import|url\()\s*=?\s*[\"']?(https?:)?//", text)
    assert "<b>yes" not in text
    for said in (
        "How well can y be predicted?",
        "It is worth using: of 100 rows it gets",
        "each answered by a network that had not seen it",
        "Gradient-boosted trees do",
        "the most frequent class, gets",
        "Are its probabilities right?",
        "How the answer goes with strong",
        "strong number as each cell is one",
        "2 networks, whose answers are averaged.",
        "accuracy : the part of the rows that it gets right",
        "log loss : how surprised it is by the right classes",
        "Row 1 is the first with cells",
    ):
        assert said in page.text, said
    # pictures take the page's colour, and parts of two have no name in common but letters
    assert text.count("<svg") == text.count("</svg>") >= 8
    assert "currentColor" in text
    assert "prefers-color-scheme: dark" in text
    ids = re.findall(r'<clipPath id="([^"]+)"', text)
    assert len(ids) == len(set(ids))


@pytest.mark.usefixtures("folder")
def test_rows_that_tell_nothing_are_no_reason_to_use_it():
    write("t.csv", rng.choice(["a", "b"], N))
    run("train", "t.csv", "--target", "y", *QUICK)
    run("report", "model.safetensors", "t.csv", "--output", "r.html")
    text = Page("r.html").text
    assert "It is worth using" not in text
    assert re.search("not better than always saying|can't be told with 300 rows", text)


@pytest.mark.usefixtures("folder")
def test_numbers_new_rows_and_rows_that_were_held_out():
    write("t.csv", np.round(500 + 100 * SIGNAL, 2), "price")
    run("train", "t.csv", "--target", "price", *QUICK, "--validation-split", 0.2)
    run("report", "model.safetensors", "t.csv", "--metric", "mean_squared_error")
    page = Page("report.html").text
    assert f"On {N * 4 // 5} rows of t.csv, each answered by a network that had not" in page
    assert "It is worth using: on average its answer is off by" in page
    assert "Said and seen" in page
    assert "mean squared error smaller is better" in page
    lines = Path("t.csv").read_text().splitlines()
    lines[5] = lines[5].rpartition(",")[0] + ","
    Path("new.csv").write_text("\n".join(lines[:60]))
    result = run("report", "model.safetensors", "new.csv")
    assert "1 rows without a price" in result.stderr
    assert "On 58 rows of new.csv. The model's file can't tell" in Page("report.html").text


@pytest.fixture(scope="module")
def of_the_command(tmp_path_factory):
    """Return the file of a model that the command has trained."""
    folder = tmp_path_factory.mktemp("trained")
    write(folder / "t.csv", np.where(CLASSES, "yes", "no"))
    path = folder / "model.safetensors"
    run("train", folder / "t.csv", "--target", "y", *QUICK, "--output", path)
    return path


@pytest.mark.usefixtures("folder")
def test_what_cannot_be_told_is_refused(monkeypatch, of_the_command):
    write("t.csv", np.where(CLASSES, "yes", "no"))
    shutil.copy(of_the_command, "model.safetensors")
    run("train", "vertical", "--epochs", 1, "--output", "points")

    def refused(*words):
        return run("report", *words, status=2).stderr

    assert "is no model of a table" in refused("points", "t.csv")
    assert "there is no file nothing.csv" in refused("model.safetensors", "nothing.csv")
    assert "must not be the data" in refused("model.safetensors", "t.csv", "--output", "t.csv")
    Path("few.csv").write_text("strong,noise,colour,day,y\n1,2,red,2020-01-01,maybe\n")
    assert "has no two rows with a y" in refused("model.safetensors", "few.csv")
    monkeypatch.setitem(sys.modules, "jinja2", None)
    assert "pip install 'xpnn[report]'" in refused("model.safetensors", "t.csv")
    assert not Path("report.html").exists()


@pytest.mark.usefixtures("folder")
def test_an_ensemble_of_python_has_a_page_too(of_classes):
    found, _ = of_classes
    tabular.save(found.ensemble, "model.safetensors", {"data": {"name": "made"}})
    write("t.csv", np.where(CLASSES, "yes", "no"))
    assert "--target must name" in run("report", "model.safetensors", "t.csv", status=2).stderr
    run("report", "model.safetensors", "t.csv", "--target", "y")
    page = Page("report.html").text
    assert "How well can y be predicted?" in page
    assert (
        "On 300 rows of t.csv. The model's file can't tell whether it learnt from some" in page
    )
    assert "strong number" in page


@pytest.mark.usefixtures("folder")
def test_rows_are_called_by_their_place_in_the_file_and_names_are_no_html_nor_formulas():
    names = ['he said "<b>&', "$a_1$"]
    y = np.round(SIGNAL, 2).tolist()
    y[:10] = [""] * 10
    y[25] = 900.0
    frame = pd.DataFrame({names[0]: X["strong"], names[1]: [f"${k % 3}_5" for k in range(N)]})
    frame.assign(y=y).to_csv("t.csv", index=False)
    run("train", "t.csv", "--target", "y", *QUICK)
    run("report", "model.safetensors", "t.csv")
    text = Path("report.html").read_text(encoding="utf-8")
    rows = re.findall(r'<tr><td class="number">([\d,]+)</td>', text)
    assert rows[0] == "26"
    assert "<b>" not in text
    assert "effect of he said &quot;&lt;b&gt;&amp;" in text


@pytest.mark.usefixtures("folder")
def test_letters_that_the_pictures_font_lacks_are_left_to_the_browser():
    frame = pd.DataFrame({"面积": X["strong"], "近": np.where(np.abs(SIGNAL) < 1, "是", "否")})
    frame.to_csv("t.csv", index=False)
    run("train", "t.csv", "--target", "近", *QUICK)
    run("report", "model.safetensors", "t.csv")
    svg = "".join(
        re.findall(r"<svg.*?</svg>", Path("report.html").read_text("utf-8"), re.DOTALL)
    )
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert {"是", "否"} <= set(texts)
    assert any("面积" in text for text in texts)


def a_list(told):
    return [1]


def nothing(told):
    return None


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "change",
    [
        a_list,
        nothing,
        lambda r: r.pop("seed"),
        lambda r: r.update(members=0),
        lambda r: r.update(curves=[{"loss": [1.0]}]),
        lambda r: r.update(curves=[{"loss": [1.0], "val_loss": ["1"]}]),
        lambda r: r.update(columns=[1, 2]),
        lambda r: r.update(validation_split=1.0),
        lambda r: r.update(seed=-1),
    ],
)
def test_what_a_file_tells_of_its_training_is_not_trusted(change, of_the_command):
    write("t.csv", np.where(CLASSES, "yes", "no"))
    ensemble, extra = tabular.load(of_the_command)
    changed = change(extra["report"])
    if change in (a_list, nothing):
        extra["report"] = changed
    tabular.save(ensemble, "wrong", extra)
    said = run("report", "wrong", "t.csv", status=2).stderr
    assert said.startswith("Error: wrong does not tell of its training well")
    assert not Path("report.html").exists()


@pytest.mark.usefixtures("folder")
def test_small_tables_have_a_page():
    Path("one.csv").write_text(
        "x,y\n" + "".join(f"{k / 7},no\n" for k in range(39)) + "9,yes\n"
    )
    words = ("train", "one.csv", "--target", "y", *QUICK, "--epochs", 1)
    run(*words, "--members", 5)
    run("report", "model.safetensors", "one.csv")
    text = Page("report.html").text
    assert "Only 1 row is 'yes'" in text
    assert "40 rows are too few to tell whether it is worth using" in text
    run(*words, "--members", 1)
    run("report", "model.safetensors", "one.csv")
    said = re.search(
        r"On (\d+) rows of one.csv, .* the other (\d+) rows", Page("report.html").text
    )
    assert sum(map(int, said.groups())) == 40
    Path("few.csv").write_text(
        "x,z,y\n2.118,-1.112,0.647\n-0.378,2.043,0.663\n2.118,-1.112,0.6\n"
    )
    run("train", "few.csv", "--target", "y", *QUICK, "--epochs", 1)
    run("report", "model.safetensors", "few.csv")
    Path("empty.csv").write_text("x,z,y\n,,5.5\n,,6\n,,7\n")
    run("report", "model.safetensors", "empty.csv")
