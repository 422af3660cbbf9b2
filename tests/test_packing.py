"""How parameters are packed for the optimizer: views of few buffers, whatever their shapes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xpnn
from xpnn.packing import Packing

OPTIMIZERS = [
    xpnn.SGD(0.1, decay=0.1),
    xpnn.SGD(0.1, momentum=0.9),
    xpnn.SGD(0.1, momentum=0.9, nesterov=True, decay=0.1),
    xpnn.AdaGrad(0.1),
    xpnn.RMSProp(0.1),
    xpnn.Adam(0.1, decay=0.1),
    xpnn.Adam(0.1, beta_1=0.0, beta_2=0.5),
    xpnn.AdamW(0.1, weight_decay=0.3),
    xpnn.AdaDelta(),
    xpnn.AdaMax(0.1),
    xpnn.NAdam(0.1),
    xpnn.Lion(0.1, weight_decay=0.3),
    xpnn.Adan(0.1, weight_decay=0.3),
    xpnn.LAMB(0.1),
    xpnn.Muon(0.1),
]

sizes = st.lists(st.integers(1, 7), min_size=0, max_size=3).map(tuple)
packings = st.builds(
    Packing,
    st.lists(sizes, min_size=1, max_size=8).map(tuple),
    join_below=st.sampled_from([0, 1, 5, 20, 1000]),
    cut_above=st.sampled_from([2, 3, 10, 64, 1000]),
)
quickly = settings(max_examples=60, deadline=None, derandomize=True)


def arrays_for(packing, dtype="float64"):
    """Return an array for each parameter, in which no two numbers are the same."""
    counts = np.cumsum([0, *map(math.prod, packing.shapes)])
    return [
        np.arange(start, start + math.prod(shape), dtype=dtype).reshape(shape)
        for start, shape in zip(counts, packing.shapes)
    ]


@quickly
@given(packings)
def test_what_is_joined_is_split_again(packing):
    arrays = arrays_for(packing)
    again = packing.split(packing.join(arrays))
    assert len(again) == len(arrays)
    for array, old in zip(again, arrays):
        assert array.shape == old.shape
        np.testing.assert_array_equal(array, old)


@quickly
@given(packings)
def test_parts_are_the_buffers_in_their_order(packing):
    buffers = packing.join(arrays_for(packing))
    assert all(buffer.ndim == 1 for buffer in buffers)
    together = np.concatenate(packing.cut(buffers))
    np.testing.assert_array_equal(together, np.concatenate(buffers))
    every = np.sort(np.concatenate([a.reshape(-1) for a in arrays_for(packing)]))
    np.testing.assert_array_equal(np.sort(together), every)  # each number is in one part


@quickly
@given(packings)
def test_small_arrays_are_joined_and_large_ones_are_not(packing):
    arrays = arrays_for(packing)
    small = [array.reshape(-1) for array in arrays if array.size < packing.join_below]
    large = [array.reshape(-1) for array in arrays if array.size >= packing.join_below]
    wanted = [np.concatenate(small), *large] if small else large
    buffers = packing.join(arrays)
    assert len(buffers) == len(wanted)
    for buffer, numbers in zip(buffers, wanted):
        np.testing.assert_array_equal(buffer, numbers)


@quickly
@given(packings)
def test_large_buffers_are_cut_in_halves_of_the_limit(packing):
    for buffer in packing.join(arrays_for(packing)):
        lengths = [part.size for part in packing.cut([buffer])]
        if buffer.size <= packing.cut_above:
            assert lengths == [buffer.size]
        else:
            half = packing.cut_above // 2
            assert lengths[:-1] == [half] * (len(lengths) - 1)
            assert 0 < lengths[-1] <= half


@quickly
@given(packings)
def test_parts_and_parameters_are_views_of_the_buffers(packing):
    buffers = packing.join(arrays_for(packing))
    parameters, parts = packing.split(buffers), packing.cut(buffers)
    for part in parts:
        part += 1000.0
    for array, old in zip(parameters, arrays_for(packing)):
        np.testing.assert_array_equal(array, old + 1000)
    for array in parameters:
        array *= -1.0
    for buffer, old in zip(buffers, packing.join(arrays_for(packing))):
        np.testing.assert_array_equal(buffer, -(old + 1000))
    np.testing.assert_array_equal(np.concatenate(parts), np.concatenate(buffers))


@quickly
@given(packings)
def test_several_arrays_are_copied_into_a_buffer_and_one_alone_is_the_buffer(packing):
    arrays = arrays_for(packing)
    buffers = packing.join(arrays)
    for members, buffer in zip(packing.buffers, buffers):
        shared = [np.shares_memory(arrays[i], buffer) for i in members]
        assert shared == ([True] if len(members) == 1 else [False] * len(members))


@pytest.mark.parametrize("limits", [(0, 1000), (1000, 1000), (1000, 10)], ids=str)
def test_arrays_in_another_order_of_memory_keep_their_rows(limits):
    packing = Packing(((3, 4), (4, 5)), *limits)
    arrays = [np.asfortranarray(array) for array in arrays_for(packing)]
    for array, old in zip(packing.split(packing.join(arrays)), arrays):
        np.testing.assert_array_equal(array, old)


def test_no_parameters_at_all():
    packing = Packing((), 10, 10)
    assert packing.join([]) == packing.cut([]) == packing.split([]) == []


SHAPES = ((3, 2), (2,), (20, 10), (10,), (10, 7), (7,), ())
"""With the limits below: joined and whole, joined and cut, alone and cut, alone and whole."""


def test_by_parameter_each_is_a_part_in_its_shape():
    kinds = tuple(range(len(SHAPES)))
    packing = Packing(SHAPES, 1000, 10, kinds, by_parameter=True)
    arrays = arrays_for(packing)
    buffers = packing.join(arrays)
    parts = packing.cut(buffers)
    assert packing.kinds_of_parts() == [*kinds]
    for array, buffer, part in zip(arrays, buffers, parts, strict=True):
        assert np.shares_memory(part, buffer)
        assert part.shape == array.shape
        np.testing.assert_array_equal(part, array)


@pytest.mark.parametrize("limits", [(30, 64), (1000, 64), (0, 64), (30, 1000)], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_a_step_with_parts_is_the_step_with_each_array(optimizer, dtype, limits):
    packing = Packing(SHAPES, *limits, by_parameter=optimizer.by_parameter)
    rng = np.random.default_rng(0)

    def draw():
        return [np.array(rng.standard_normal(shape), dtype) for shape in SHAPES]

    params = draw()
    state = optimizer.init(params)
    buffers = packing.join([p.copy() for p in params])
    slots = [packing.join([s.copy() for s in state[name]]) for name in optimizer.slots]
    alone, alone_slots = params, [state[name] for name in optimizer.slots]
    for t in range(10):
        grads = draw()
        numbers = [np.array(n, dtype) for n in optimizer.numbers(np.array(float(t)))]
        parts, slot_parts = packing.cut(buffers), [packing.cut(slot) for slot in slots]
        new, new_slots = optimizer.step(
            parts, packing.cut(packing.join(grads)), slot_parts, numbers
        )
        for old, returned in zip([parts, *slot_parts], [new, *new_slots]):
            for part, new_part in zip(old, returned):
                part[...] = new_part  # as a step has it, of a rule that returns other arrays
        alone, alone_slots = optimizer.step(alone, grads, alone_slots, numbers)
    for array, wanted in zip(packing.split(buffers), alone):
        np.testing.assert_array_equal(array, wanted)
    assert len(slots) == len(alone_slots) == len(optimizer.slots)
    for slot, wanted_slot in zip(slots, alone_slots):
        for array, wanted in zip(packing.split(slot), wanted_slot):
            np.testing.assert_array_equal(array, wanted)
