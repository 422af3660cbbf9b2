"""Whether to use a model: what is said, and that it follows from what is measured."""

from dataclasses import dataclass

import numpy as np
import pytest

from xpnn.report import gather
from xpnn.report.judging import balanced_accuracy
from xpnn.report.verdict import verdict_of
from xpnn.tables import Classes, Measure, from_frame
from xpnn.tables.understanding import understand
from xpnn.tabular import Ensemble
from xpnn.tabular.training import encoding_of_rows

rng = np.random.default_rng(0)


@dataclass(frozen=True)
class Known(Ensemble):
    """A model that answers what a column says."""

    def outputs(self, table, odd=None):
        said = np.array(table["said"].cells(), float)
        if isinstance(self.target, Measure):
            return said
        return np.stack([1 - said, said], axis=1)


def measured(said, right, target=None, factors=()):
    table = from_frame({"said": [*map(float, said)]})
    encoding = encoding_of_rows(table, understand(table).values())
    target = target or Classes("", ("no", "yes"))
    model = Known(encoding, target, (), factors=factors)
    evidence = gather(model, table, np.asarray(right), None)
    return evidence, verdict_of(evidence)


def of_counts(no_right, no_wrong, yes_right, yes_wrong, sure=0.1):
    """Return probabilities and right answers with so many of each."""
    right = np.repeat([0, 0, 1, 1], [no_right, no_wrong, yes_right, yes_wrong])
    said = np.repeat([0, 1, 1, 0], [no_right, no_wrong, yes_right, yes_wrong])
    rows = rng.permutation(len(right))
    jitter = rng.uniform(0, 0.05, len(right))
    return np.abs(said - sure - jitter)[rows], right[rows]


def test_a_small_gain_of_few_rows_is_not_told_from_chance_and_the_reason_is_said():
    evidence, verdict = measured(*of_counts(64, 6, 8, 22))
    assert verdict.kind == "unsure"
    assert verdict.lines[:2] == [
        "Whether it is worth using can't be told with 100 rows: of 100 rows it gets 72 right.",
        "Always saying 'no', the most frequent class, gets 70.",
    ]
    assert verdict.lines[2].startswith("The difference may be chance: over all rows of this")
    # McNemar: the difference of two parts of the same rows
    gain = evidence.scores["this model"]["accuracy"].minus(
        evidence.scores["most frequent class"]["accuracy"]
    )
    assert gain.value == pytest.approx(0.02)
    error = np.sqrt((6 + 8) / 100 - 0.02**2) / 10
    assert gain.high - gain.low == pytest.approx(2 * 1.96 * error, rel=0.25)


def test_what_is_surely_better_is_worth_using_and_what_is_not_is_not():
    _, verdict = measured(*of_counts(90, 10, 90, 10))
    assert verdict.kind == "good"
    assert verdict.lines[0] == "It is worth using: of 100 rows it gets 90 right."
    assert "more than chance" in verdict.lines[2]
    _, verdict = measured(*of_counts(70, 30, 12, 28))
    assert verdict.kind == "bad"
    assert verdict.lines[0].startswith("It is not better than always saying 'no': of 100 rows")


@pytest.mark.parametrize("n", [2, 20, 49])
def test_few_rows_tell_nothing(n):
    right = np.arange(n) % 2
    _, verdict = measured(0.1 + 0.8 * right, right)
    assert verdict.kind == "unsure"
    assert verdict.lines[0].startswith(f"{n} rows are too few to tell whether it is worth")


def test_probabilities_that_tell_something_are_said_to_where_classes_do_not():
    n = 2000
    chance = rng.uniform(0, 0.4, n)
    _, verdict = measured(chance, (rng.uniform(size=n) < chance).astype(int))
    assert verdict.kind == "bad"
    assert any("to put rows in order" in line for line in verdict.lines)
    # and of probabilities that tell nothing it is not said
    noise = rng.permutation(chance)
    _, verdict = measured(noise, (rng.uniform(size=n) < chance).astype(int))
    assert not any("to put rows in order" in line for line in verdict.lines)


def test_a_model_that_shall_find_a_rare_class_is_judged_as_if_classes_were_as_frequent():
    # 95 of 100 say no; it finds 40 of 50 yes, and takes 190 of 950 no for one
    said, right = of_counts(760, 190, 40, 10)
    evidence, verdict = measured(said, right, factors=(0.9, 1.0))
    assert evidence.judge.metric == "balanced_accuracy"
    assert verdict.kind == "good"
    assert verdict.lines[0].endswith("of 100 rows, as many of each class, it gets 80 right.")
    assert verdict.lines[1] == "Always saying 'no', the most frequent class, gets 50."
    assert any(
        "finds 80% of the rows that are 'yes'; of those that it calls 'yes', 17% are" in line
        for line in verdict.lines
    )
    # as does one in whose training classes counted alike, which its probabilities tell
    evidence, _ = measured(*of_counts(760, 190, 40, 10, sure=0.3))
    assert evidence.judge.metric == "balanced_accuracy"
    evidence, _ = measured(*of_counts(945, 5, 40, 10))
    assert evidence.judge.metric == "accuracy"


def test_parts_of_classes_count_alike():
    assert balanced_accuracy(np.array([0, 0, 0, 2]), np.array([0, 0, 2, 2])) == 0.75


def test_numbers_are_judged_by_the_error_that_is_said_beside_the_best_constant_for_it():
    right = np.exp(rng.normal(13, 0.5, 400))
    target = Measure("price")
    evidence, verdict = measured(right * rng.uniform(0.9, 1.1, 400), right, target)
    assert verdict.kind == "good"
    middle = np.median(right)
    off = np.abs(right - middle).mean()
    assert f"{float(f'{middle:.3e}'):,.0f}, the middle value, is off by" in verdict.lines[1]
    scores = evidence.scores["middle value"]["mean_absolute_error"]
    assert scores.value == pytest.approx(off)
    assert "e+" not in " ".join(verdict.lines)


def test_where_most_rows_are_one_number_means_are_judged():
    mean = rng.uniform(0, 1, 600)
    right = 5.0 * (rng.uniform(size=600) < 0.6 * mean)
    evidence, verdict = measured(3 * mean, right, Measure("payout"))
    assert np.median(right) == 0
    assert evidence.judge.metric == "root_mean_squared_error"
    assert evidence.judge.constant == pytest.approx(right.mean())
    assert verdict.kind == "good"


def test_models_are_compared_on_the_same_draws_so_that_a_small_sure_difference_shows():
    right = rng.normal(size=300)
    noise = rng.normal(size=300)
    ours, _ = measured(right + noise, right, Measure("y"))
    other, _ = measured(right + 1.05 * noise, right, Measure("y"))
    a, b = (one.scores["this model"]["mean_absolute_error"] for one in (ours, other))
    assert a.high > b.low  # each alone could be the other
    assert b.minus(a).low > 0
    assert b.minus(a).value == pytest.approx(0.05 * np.abs(noise).mean())


def test_of_rows_that_are_not_those_of_the_training_it_is_said_that_none_can_tell():
    _, verdict = measured(*of_counts(90, 10, 90, 10))
    assert (
        "The model's file can't tell whether these rows were learnt from" in verdict.lines[-1]
    )
