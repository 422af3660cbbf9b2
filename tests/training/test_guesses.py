"""What is drawn ahead is what would have been drawn, and the generator is where it would be."""

import threading
from dataclasses import dataclass

import numpy as np
import pytest
from pressing import Interrupt

import xpnn
from xpnn.schedules import ExponentialDecay
from xpnn.training.guesses import Guesses

GENERATORS = [
    np.random.default_rng,
    np.random.RandomState,
    lambda seed: np.random.Generator(np.random.Philox(seed)),
]


def normals(generator, count):
    return generator.standard_normal(count)


def uniforms(generator, count):
    return generator.random(count)


@pytest.fixture
def guesses():
    return Guesses(True)


# ------------------------------------------------------------------------------- guesses


@pytest.mark.parametrize("make", GENERATORS)
def test_a_right_guess_is_used(guesses, make):
    threads = []

    def draw(generator, count):
        threads.append(threading.current_thread().name)
        return normals(generator, count)

    ours, plain = make(3), make(3)
    guesses.guess(ours, (draw, 3), (uniforms, 2))
    assert np.array_equal(guesses.ask(ours, (draw, 3)), normals(plain, 3))
    assert np.array_equal(guesses.ask(ours, (uniforms, 2)), uniforms(plain, 2))
    assert np.array_equal(normals(ours, 5), normals(plain, 5))
    assert len(threads) == 1
    assert threads[0].startswith("xpnn-guesses")


def test_a_generator_moves_only_when_it_is_asked(guesses):
    ours, plain = np.random.default_rng(3), np.random.default_rng(3)
    guesses.guess(ours, (normals, 3))
    assert guesses._guessed.result()  # it has been drawn
    assert ours.bit_generator.state == plain.bit_generator.state


@pytest.mark.parametrize("call", [(normals, 4), (uniforms, 3)])
def test_a_guess_of_another_call_is_forgotten(guesses, call):
    ours, plain = np.random.default_rng(3), np.random.default_rng(3)
    guesses.guess(ours, (normals, 3))
    function, count = call
    assert np.array_equal(guesses.ask(ours, call), function(plain, count))
    assert np.array_equal(guesses.ask(ours, (normals, 3)), normals(plain, 3))


def test_a_guess_from_another_state_is_forgotten(guesses):
    ours, plain = np.random.default_rng(3), np.random.default_rng(3)
    guesses.guess(ours, (normals, 3), (normals, 3))
    for generator in (ours, plain):
        generator.random()
    for _ in range(2):
        assert np.array_equal(guesses.ask(ours, (normals, 3)), normals(plain, 3))


def test_an_error_comes_where_its_call_is_asked_for(guesses):
    def fail(generator):
        raise ValueError("no such draw")

    ours, plain = np.random.default_rng(3), np.random.default_rng(3)
    guesses.guess(ours, (normals, 3), (fail,), (normals, 3))
    assert np.array_equal(guesses.ask(ours, (normals, 3)), normals(plain, 3))
    with pytest.raises(ValueError, match="no such draw"):
        guesses.ask(ours, (fail,))
    assert np.array_equal(guesses.ask(ours, (normals, 3)), normals(plain, 3))


def test_nothing_is_guessed_where_that_does_not_pay_or_the_generator_can_not_be_copied():
    class Own(np.random.Generator):
        def random(self, *args, **how):
            return np.zeros(*args)

    without, guesses = Guesses(False), Guesses(True)
    without.guess(np.random.default_rng(3), (normals, 3))
    own = Own(np.random.PCG64(3))
    guesses.guess(own, (uniforms, 3))
    assert without._guessed is None
    assert guesses._guessed is None
    assert not guesses.ask(own, (uniforms, 3)).any()


def spawned(generator, count):
    (child,) = generator.spawn(1)
    return child.random(count)


def test_children_of_a_seed_are_drawn_where_they_are_asked_for(guesses):
    """A copy would give the same ones again."""
    ours, plain = np.random.default_rng(3), np.random.default_rng(3)
    for _ in range(3):
        guesses.guess(ours, (spawned, 4))
        assert np.array_equal(guesses.ask(ours, (spawned, 4)), spawned(plain, 4))


def test_a_thread_has_the_context_of_who_guesses(guesses):
    def overflow(generator):
        return np.array([1e300]) * 1e300

    with np.errstate(over="raise"):
        guesses.guess(np.random.default_rng(3), (overflow,))
        assert not guesses._guessed.result()
    with np.errstate(over="ignore"):
        guesses.guess(np.random.default_rng(3), (overflow,))
        assert guesses._guessed.result()[0].value == np.inf


def test_bits_of_another_kind_are_not_guessed(guesses):
    class PCG64(np.random.PCG64):
        """Has the name of NumPy's."""

    guesses.guess(np.random.Generator(PCG64(3)), (uniforms, 3))
    assert guesses._guessed is None


def test_a_process_without_the_thread_draws_itself(guesses):
    """As that which a fork makes."""
    ours, plain = np.random.default_rng(3), np.random.default_rng(3)
    guesses.guess(ours, (normals, 3))
    guesses._process += 1
    assert np.array_equal(guesses.ask(ours, (normals, 3)), normals(plain, 3))
    guesses.guess(ours, (normals, 3))
    assert np.array_equal(guesses.ask(ours, (normals, 3)), normals(plain, 3))


def test_what_is_closed_draws_itself(guesses):
    ours, plain = np.random.default_rng(3), np.random.default_rng(3)
    guesses.guess(ours, (normals, 3))
    guesses.close()
    for _ in range(2):
        assert np.array_equal(guesses.ask(ours, (normals, 3)), normals(plain, 3))
        guesses.guess(ours, (normals, 3))


def test_where_no_thread_can_be_had_anything_is_drawn_when_it_is_asked_for(guesses):
    ours, plain = np.random.default_rng(3), np.random.default_rng(3)
    guesses._thread.shutdown()  # as when Python ends
    for _ in range(2):
        guesses.guess(ours, (normals, 3))
        assert np.array_equal(guesses.ask(ours, (normals, 3)), normals(plain, 3))


# -------------------------------------------------------------------------- in training


X = np.random.default_rng(1).normal(size=(43, 4)).astype("float32")
Y = np.arange(43) % 3


@dataclass(frozen=True)
class DropoutOfGuesses(xpnn.Dropout):
    """A dropout that notes in which thread it draws."""

    def draw(self, generator, shape):
        THREADS.append(threading.current_thread().name)
        return super().draw(generator, shape)


THREADS = []

FITS = {
    "batches": {"batch_size": 4, "epochs": 5},
    "one batch": {"batch_size": None, "epochs": 300},
    "validation": {"batch_size": 4, "epochs": 5, "validation_split": 0.2},
    "whole batch and validation": {"batch_size": 43, "epochs": 5, "validation_data": (X, Y)},
    "in their order": {"batch_size": 6, "epochs": 3, "shuffle": False},
    "in parts": {"batch_size": 6, "epochs": 3, "shuffle": "parts"},
    "told of each step": {"batch_size": 4, "epochs": 3, "callbacks": [Interrupt("never")]},
}


class Ended(xpnn.Callback):
    """Stops after two epochs, which nobody guesses."""

    def on_epoch_end(self, epoch, logs):
        self.model.stop_training = epoch == 1


def trained(ahead, monkeypatch, seed=3, interrupt=None, **how):
    THREADS.clear()
    rate = ExponentialDecay(0.5, 10, 0.9)
    layers = [xpnn.Dense(4, 8), DropoutOfGuesses(rate), xpnn.Dense(8, 3), xpnn.Softmax()]
    model = xpnn.Sequential(layers, seed=seed, backend="numpy")
    model.compile("categorical_crossentropy", "adam")
    monkeypatch.setattr(type(model.backend), "leaves_python", ahead)
    THREADS.clear()
    if interrupt is not None:
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, Y, verbose=False, callbacks=[Interrupt(interrupt)], **how)
    model.fit(X, Y, verbose=False, **how)
    in_threads = sum(name.startswith("xpnn-guesses") for name in THREADS)
    draws = model.generator.random(4)
    return [*map(np.asarray, model.parameters), draws], in_threads


def same(ours, theirs):
    return all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("how", FITS.values(), ids=FITS)
@pytest.mark.parametrize("seed", [3, np.random.RandomState])
def test_a_training_is_the_same_with_guesses(monkeypatch, how, seed):
    def made():
        return seed if seed == 3 else seed(3)

    wanted, none = trained(False, monkeypatch, made(), **how)
    got, some = trained(True, monkeypatch, made(), **how)
    assert same(got, wanted)
    assert none == 0
    assert some > 0


@pytest.mark.parametrize("moment", ["step 7", "epoch 1 ends", "epoch 2 begins"])
def test_after_ctrl_c_a_training_goes_on_the_same(monkeypatch, moment):
    how = {"batch_size": 4, "epochs": 5}
    wanted, _ = trained(False, monkeypatch, interrupt=moment, **how)
    got, some = trained(True, monkeypatch, interrupt=moment, **how)
    assert same(got, wanted)
    assert some > 0


@pytest.mark.parametrize("extra", [{}, {"validation_split": 0.2}])
def test_a_training_that_ends_early_leaves_the_generator_where_it_is(monkeypatch, extra):
    how = {"batch_size": 4, "epochs": 9, "callbacks": [Ended()], **extra}
    wanted, _ = trained(False, monkeypatch, **how)
    got, some = trained(True, monkeypatch, **how)
    assert same(got, wanted)
    assert some > 0
