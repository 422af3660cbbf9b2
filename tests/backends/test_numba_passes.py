"""Operations in passes: whatever is fused, moved or not stored, results are as one by one."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xpnn.backends._numba_operations import Each, Loop
from xpnn.backends._numba_passes import Opaque, scheduled, together
from xpnn.backends._numba_reading import View, dense_strides
from xpnn.backends._numba_rules import _along_last
from xpnn.backends._numba_source import Source

LONG, SHORT = np.dtype(np.int64), np.dtype(np.int32)  # whose sums wrap, and are exact
UNSIGNED = np.dtype(np.uint64)
SIZE, KEPT = 128, {0, 1}
BYTES, FAR = SIZE * LONG.itemsize, 2**20


def view(memory, *shape, offset=0, strides=None, dtype=LONG):
    """Return a view, dense if nothing is said."""
    strides = dense_strides(shape) if strides is None else strides
    return View(memory, dtype, offset, shape, strides)


# ------------------------------------------------------------- operations, one after the other


class Memory:
    """What a view, or a text, sees of a memory."""

    def __init__(self, numbers, start=0):
        self.numbers, self.start = numbers, start

    def __getitem__(self, place):
        assert self.start + place >= 0
        return self.numbers[self.start + place]

    def __setitem__(self, place, value):
        assert self.start + place >= 0
        self.numbers[self.start + place] = np.asarray(value).astype(self.numbers.dtype)


class Line(Memory):
    """A line of numbers in an expression."""

    def __init__(self, name, stride):
        self.name, self.stride = name, stride

    def __format__(self, place):
        return f"{self.name}[({place}) * {self.stride}]"


def seen(memories, view, index):
    """Return the memory of a view from a place on."""
    at = view.offset + sum(i * stride for i, stride in zip(index, view.strides))
    return Memory(memories[view.memory].view(view.dtype), at)


def alone(operation, memories):
    """Compute an operation by itself, each number after the other."""
    if isinstance(operation, Opaque):
        changed(operation, memories)
    elif isinstance(operation, Loop):
        *inputs, out = operation.views
        for index in np.ndindex(out.shape):
            values = [seen(memories, a, index)[0] for a in inputs]
            seen(memories, out, index)[0] = operation.ufunc(*values)
    else:
        for index in np.ndindex(operation.shape):
            compute(operation, memories, index)


def compute(operation, memories, index):
    """Compute one number by its expression, whose inputs are variables."""
    scope, names = {}, []
    for i, value in enumerate(operation.inputs):
        is_line = len(value.shape) > len(operation.shape)
        scope[f"x{i}"] = seen(memories, value, index)
        if is_line:
            names.append(Line(f"x{i}", value.strides[-1]))
        else:
            scope[f"x{i}"] = scope[f"x{i}"][0].astype(operation.dtype or value.dtype)
            names.append(f"x{i}")
    expression = operation.expression.format(*names)
    exec(compiled(expression if operation.out is None else f"y = {expression}"), scope)
    if operation.out is not None:
        seen(memories, operation.out, index)[0] = scope["y"]


@cache
def compiled(line):
    return compile(line, "a line", "exec")


def changed(opaque, memories):
    """Change all that an opaque call touches, by all that it touches."""
    total = 0
    for touched in opaque.read:
        for index in np.ndindex(touched.shape):
            place = seen(memories, touched, index)
            total = (total * 5 + int(place[0])) % 1009
            place[0] = total


# -------------------------------------------------------------------------- the text, as Python


def played(source, memories, count):
    """Run a text as Python, in memories."""

    def address(addresses, steps, k, number):
        return addresses[number] + k * steps[number]

    def memory(addresses, steps, k, number, kind, of, count):
        assert of < count
        which, place = divmod(address(addresses, steps, k, number), FAR)
        return Memory(memories[which].view(kind.dtype), place // kind.size)

    def call(loops, number, places):
        loop = loops[number]
        for k in range(loop.sizes[0]):
            *inputs, out = (
                Memory(memories[place // FAR].view(v.dtype), at // v.dtype.itemsize)
                for v, place, step in zip(loop.views, places, loop.steps)
                for at in [place % FAR + k * step]
            )
            out[0] = loop.ufunc(*(a[0] for a in inputs))

    scope = {"memory": memory, "address": address, "call": call}
    scope |= {kind.name: Kind(kind) for kind in (LONG, SHORT, UNSIGNED)}
    scope["bits"] = lambda value, kind: np.asarray(value).view(kind.dtype)[()]
    exec(source.text, scope)
    starts = [i * FAR for i in range(len(memories))]
    for number, place in source.places.items():  # in one memory, some after others
        starts[number] = len(memories) * FAR + place
    memories = [*memories, np.full(4 * BYTES, 77, np.uint8)]
    tables = starts, [0] * len(starts), source.loops
    if not source.behind:
        scope["run"](*tables, count)
        return
    for _ in range(count):
        for number, opaque in enumerate(source.behind):
            scope["run"](*tables, number)
            changed(opaque, memories)
        scope["run"](*tables, len(source.behind))


class Kind:
    """A kind of numbers, which others are converted to."""

    def __init__(self, dtype):
        self.dtype, self.size = dtype, dtype.itemsize

    def __call__(self, value):
        return np.asarray(value).astype(self.dtype)[()]


def check(operations, kept=KEPT, count=2):
    """Check that a text leaves in kept memory what its operations do, in so many steps."""
    first = np.random.default_rng(0).integers(-9, 9, (4, SIZE))
    wanted, ours = ([row.copy().view(np.uint8) for row in first] for _ in range(2))
    source = Source(operations, kept)
    with np.errstate(all="ignore"):
        for _ in range(count):
            for operation in operations:
                alone(operation, wanted)
        played(source, ours, count)
    for number in kept:
        np.testing.assert_array_equal(
            ours[number].view(LONG), wanted[number].view(LONG), described(operations, source)
        )
    return source


def described(operations, source):
    """Say in few words what was computed."""

    def words(value):
        if not isinstance(value, View):
            return str(value)
        where = f"{value.memory}+{value.offset}"
        return f"{value.dtype.name}[{where}, {value.shape}, {value.strides}]"

    lines = []
    for one in operations:
        if isinstance(one, Each):
            words_of = f"{one.expression}, {', '.join(map(words, one.inputs))}"
            lines.append(f"{words_of} -> {words(one.out)} as {one.dtype}")
        else:
            views = one.read if isinstance(one, Opaque) else one.views
            lines.append(f"{type(one).__name__}, {', '.join(map(words, views))}")
    return "\n".join(["", *lines, source.text])


# ------------------------------------------------------------------------------ drawn at random

SHAPES = [(), (1,), (3,), (4,), (12,), (2, 3), (3, 2), (3, 3), (3, 1), (1, 3), (2, 3, 2)]
EXPRESSIONS = {1: ["{0}", "3 * {0}", "-{0}"], 2: ["{0} + {1}", "{0} - 2 * {1}"]}


@st.composite
def views(draw, shape, dtypes=(LONG, LONG, LONG, SHORT, UNSIGNED)):
    """Draw a view of a shape that fits into its memory."""
    kinds = ["dense", "dense", "transposed", "spread", "gaps", "back", "any"]
    kind = draw(st.sampled_from(kinds))
    strides = [*dense_strides(shape)]
    if kind == "transposed":
        strides = [*reversed(dense_strides(shape[::-1]))]
    elif kind == "spread":
        held = draw(st.lists(st.booleans(), min_size=len(shape), max_size=len(shape)))
        strides = [0 if hold else stride for hold, stride in zip(held, strides)]
    elif kind == "gaps":
        strides = [stride * draw(st.integers(2, 3)) for stride in strides]
    elif kind == "any":
        strides = [draw(st.sampled_from([0, 1, 1, 2, 3])) for _ in shape]
    offset = draw(st.sampled_from([0, 0, 0, 0, 1, 2, 3, 6, 12]))
    if kind == "back":
        axis = draw(st.integers(0, max(len(shape) - 1, 0)))
        if shape:
            offset += (shape[axis] - 1) * strides[axis]
            strides[axis] *= -1
    dtype = draw(st.sampled_from(dtypes))
    return View(draw(st.integers(0, 3)), dtype, offset, shape, tuple(strides))


@st.composite
def each(draw, shape):
    """Draw an expression for each number of an array, which it reads only where it writes."""
    kind = draw(st.sampled_from(["plain"] * 6 + ["line", "scattered"]))
    inputs = [draw(views(shape)) for _ in range(draw(st.integers(1, 2)))]
    is_mixed = any(a.dtype == UNSIGNED for a in inputs)  # of which NumPy makes float64
    dtype = LONG if is_mixed or draw(st.booleans()) else None
    if kind == "plain":
        expression = draw(st.sampled_from(EXPRESSIONS[len(inputs)]))
        out = inputs[0] if draw(st.booleans()) else draw(views(shape))
        return Each(expression, *apart(inputs, out), dtype)
    line = draw(views((*shape, 3), [LONG, LONG, LONG, SHORT]))
    dtype = LONG if is_mixed else None
    if kind == "scattered":
        (rows,), line = apart(inputs[:1], line)
        return Each("{1:{0} % 3} += {0}", (rows, line), None, dtype)
    place = draw(st.sampled_from(["0", "2", "{0} % 3"]))
    inputs = inputs[0], line
    return Each(f"{{1:{place}}} + {{0}}", *apart(inputs, draw(views(shape))), dtype)


def apart(inputs, out):
    """Move what would be read and written at different places, as rules refuse that."""
    if any(a.overlaps(out) and a != out for a in inputs):
        out = replace(out, memory=min({0, 1, 2, 3} - {a.memory for a in inputs}))
    return tuple(inputs), out


@st.composite
def of_numpy(draw, shape):
    """Draw a loop of NumPy's."""
    inputs = [draw(views(shape, [LONG])) for _ in range(2)]
    inputs, out = apart(inputs, draw(views(shape, [LONG])))
    return _along_last(np.add, "lll", (*inputs, out))


@st.composite
def programs(draw):
    """Draw operations; memory that holds nothing before a step is filled first."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3))
    listed = [Each("{0}", (view(i, SIZE),), view(i + 2, SIZE)) for i in range(2)]
    for number in range(draw(st.integers(2, 9))):
        shape = draw(st.sampled_from(shapes))
        kind = draw(st.sampled_from(["each"] * 8 + ["loop", "opaque"]))
        if kind == "each":
            listed.append(draw(each(shape)))
        elif kind == "loop":
            listed.append(draw(of_numpy(shape)))
        else:
            listed.append(Opaque(number, (draw(views(shape)), draw(views(shape)))))
    return listed


@settings(deadline=None, derandomize=True, database=None, max_examples=200)
@given(programs())
def test_a_text_computes_what_its_operations_do(operations):
    check(operations)


# ------------------------------------------------------------------------------------ by hand

X, Y, A, B = (view(i, 3, 4) for i in range(4))
ROWS = view(3, 3)
OF_ROWS = replace(ROWS, shape=(3, 4), strides=(1, 0))
DOUBLED = Each("{0} + {0}", (X,), A)


def test_what_has_the_same_rows_is_one_pass():
    first = Each("{0}", (replace(A, shape=(3,), strides=(4,)),), ROWS)
    more = Each("{0} + {1}", (OF_ROWS, A), OF_ROWS)
    last = Each("{0} - {1}", (A, OF_ROWS), Y)
    operations = [DOUBLED, first, more, last]
    (step,) = scheduled(operations)
    assert step == operations
    assert together(step, 1) == [[DOUBLED], [first], [more], [last]]
    source = check(operations)
    # each number is stored once, and read where another loop has made it
    assert source.text.count("m2_int64[") == 4


def test_what_nobody_reads_again_is_not_stored():
    source = check([DOUBLED, Each("{0} - {1}", (A, X), B), Each("-{0}", (B,), Y)])
    assert source.text.count("for ") == 3
    assert source.places == {}
    assert "m2" not in source.text


def test_bits_of_another_kind_are_in_the_same_pass():
    """As ReLU's mask of whole numbers, and a gradient."""
    seen = replace(A, dtype=UNSIGNED)
    source = check([DOUBLED, Each("{0} & 6", (seen,), replace(Y, dtype=UNSIGNED))])
    assert source.text.count("for ") == 3
    assert "bits(v" in source.text
    assert "m2" not in source.text


def test_what_one_later_loop_needs_joins_it():
    """And does not go through memory, where a shorter one is in between."""
    between = Each("{0} * 3", (view(0, 3, 2, offset=40),), view(3, 3, 2))
    last = Each("{0} + {1}", (A, view(3, 3, 4, strides=(2, 0))), Y)
    assert together([DOUBLED, between, last], 1) == [[between], [DOUBLED, last]]
    assert "m2" not in check([DOUBLED, between, last]).text
    changing = replace(between, out=view(2, 3, 2, strides=(4, 1)))  # a part of what is doubled
    assert together([DOUBLED, changing, last], 1) == [[DOUBLED], [changing], [last]]
    check([Each("{0}", (view(0, 6),), view(3, 6)), DOUBLED, changing, last])


APART = {
    "transposed": Each("{0}", (view(2, 3, 4, strides=(1, 3)),), Y),
    "shifted": Each("{0}", (view(2, 3, 4, offset=1),), Y),
    "back": Each("{0}", (view(2, 3, 4, offset=8, strides=(-4, 1)),), Y),
    "a row of it": Each("{0} + {1}", (X, view(2, 3, 4, strides=(0, 1))), Y),
    "fewer rows": Each("{0}", (view(2, 2, 4),), view(1, 2, 4)),
    "another kind": Each("{0}", (view(2, 3, 4, dtype=SHORT),), Y),
    "rows added up": Each(
        "{0} + {1}", (view(1, 3, 4, strides=(0, 1)), A), view(1, 3, 4, strides=(0, 1))
    ),
}


@pytest.mark.parametrize("name", APART)
def test_what_needs_other_rows_comes_behind(name):
    then = APART[name]
    check([DOUBLED, then], KEPT | {2})
    is_apart = name != "rows added up"  # which no other operation reads
    assert (len(scheduled([DOUBLED, then])) == 2) == is_apart
    check([Each("{0}", (X,), Y), DOUBLED, then], KEPT | {2})
    assert len(scheduled([Each("{0}", (X,), Y), DOUBLED, then])) == 2


def test_what_moves_up_and_what_stays():
    other = Each("{0}", (view(0, 5),), view(1, 5, offset=50))
    uses = Each("-{0}", (A,), B)
    stranger = Each("{0}", (view(0, 3, offset=40),), view(1, 3, offset=90))
    assert scheduled([DOUBLED, other, uses]) == [[DOUBLED, uses], [other]]
    assert scheduled([DOUBLED, other, stranger]) == [[DOUBLED], [other], [stranger]]
    changes = Each("{0}", (view(0, 5),), view(2, 5))
    assert scheduled([DOUBLED, changes, uses]) == [[DOUBLED], [changes], [uses]]
    opaque = Opaque(0, (view(1, 5),))
    assert scheduled([DOUBLED, opaque, uses]) == [[DOUBLED], opaque, [uses]]
    loop = _along_last(np.add, "lll", (X, X, replace(A, memory=1)))
    assert scheduled([DOUBLED, loop, uses]) == [[DOUBLED, uses], loop]
    for between in (other, stranger, changes, opaque, loop):
        check([Each("{0}", (X,), A), DOUBLED, between, uses, Each("{0}", (B,), Y)])


def test_single_numbers_always_move():
    one = Each("{0} * 3", (view(0),), view(1, offset=7))
    two = Each("{0} * 5", (view(0, offset=3),), view(1, offset=9))
    assert scheduled([one, DOUBLED, two]) == [[one, two], [DOUBLED]]
    check([one, DOUBLED, two])


def test_a_loop_reads_again_what_it_changes():
    """And does not go on with the number that was there before it."""
    check([Each("{0}", (view(0, 3),), ROWS), Each("{0} + {1}", (OF_ROWS, X), OF_ROWS)], {0, 3})


def test_what_is_only_written_in_part_is_stored_before():
    first = Each("{0}", (view(0, 4),), view(2, 4))
    corners = Each("{0}", (view(0, 2, 2, offset=50),), view(2, 2, 2, strides=(0, 3)))
    check([first, corners, Each("{0}", (view(2, 4),), view(1, 4))])


def test_a_later_step_finds_what_is_kept():
    check([Each("{0} + {1}", (Y, X), Y), DOUBLED, Each("{0}", (A,), X)], count=3)
