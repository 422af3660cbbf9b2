"""What compiled steps compute, beside NumPy, to the bit: each rule, in one text with others."""

import operator
import re
from itertools import cycle

import numpy as np
import pytest
from xpnn.backends._numba_code import code_of, object_of
from xpnn.backends._numba_frames import frames
from xpnn.backends._numba_products import _expression
from xpnn.backends._numba_reading import UnreadableError, read
from xpnn.backends._numba_rules import EXPRESSIONS, RULES, operations
from xpnn.backends._numba_source import Source
from xpnn.backends._recording import Recording, added_to_rows, added_up, recorded
from xpnn.backends._tape import Tape, address

rng = np.random.default_rng(5)
FLOATS, INTEGERS = ["float32", "float64"], ["int64", "int32"]


# --------------------------------------------------------------------------- in one text each


def view_of(value, kind):
    if isinstance(value, np.ndarray):
        return value.view(kind)
    return type(value)(view_of(v, kind) for v in value) if isinstance(value, list) else value


def taken_down(cases):
    """Return a tape of what functions compute of arrays, and their results there."""
    tape, results = Tape(Recording), []

    def run():
        for function, *arguments in cases:
            results.append(function(*(view_of(a, Recording) for a in arguments)))

    recorded(tape, run)
    return tape, [tape.plain(a) for a in results], results


def computed(cases):
    """Return what compiled code computes, with which functions."""
    tape, results, _kept_alive = taken_down(cases)
    calls, memories = read(tape, again=True, given=results)
    views = [memories.view(a, len(tape.calls)) for a in results]
    of_tape = {view.memory for view in views}
    kept = of_tape | {*range(len(memories.starts))} - memories.of_tape
    source = Source([one for call in calls for one in operations(call)], kept)
    code = object_of(source.text, True)
    ours = [np.full(1 << 16, 255, np.uint8) for _ in memories.starts]  # NaN, and -1
    addresses = np.array(memories.starts, np.intp)
    for number in memories.of_tape:
        ours[number] = ours[number][-address(ours[number]) % 64 :]
        addresses[number] = address(ours[number])
    tables = addresses, np.zeros_like(addresses), frames(source.loops)
    back = np.zeros(2, np.intp)
    code_of(code).run(address(back), address(back) + 8, *map(address, tables), 1)
    found = []
    for view in views:
        strides = [stride * view.dtype.itemsize for stride in view.strides]
        start = view.offset * view.dtype.itemsize
        buffer = ours[view.memory]
        found.append(np.ndarray(view.shape, view.dtype, buffer, start, strides).copy())
    joined = [view.memory not in memories.of_tape for view in views]  # in memory of their own
    found = [b if own else a for a, b, own in zip(found, results, joined)]
    return found, {call.function for call in calls}


def check(cases):
    """Check that all cases have NumPy's bits; return which functions were called."""
    cases = [*cases]
    with np.errstate(all="ignore"):
        wanted = [np.asarray(function(*given)) for function, *given in cases]
        found, functions = computed(cases)
    for number, (a, b) in enumerate(zip(found, wanted, strict=True)):
        said = f"case {number}: {cases[number]}"
        assert (a.dtype, a.shape) == (b.dtype, b.shape), said
        np.testing.assert_array_equal(a, b, said)  # where NaN is NaN, with any bits
        np.testing.assert_array_equal(np.signbit(a[a == 0]), np.signbit(b[b == 0]), said)
    return functions


def refused(function, *arguments):
    """Return why there is no rule for a call."""
    tape, *_ = taken_down([(function, *arguments)])
    calls, _ = read(tape, again=True)
    with pytest.raises(UnreadableError) as why:
        [operations(call) for call in calls]
    return str(why.value)


# ------------------------------------------------------------------------ universal functions

TINY = {"float32": [1e-45, 1e-38, 3e38], "float64": [5e-324, 2e-308, 1.7e308]}


def special(dtype):
    """Return numbers at which functions go wrong."""
    if dtype == "bool":
        return np.array([True, False])
    if dtype in INTEGERS:
        ends = np.iinfo(dtype)
        return np.array([0, 1, -1, 2, 7, -13, ends.max, ends.min], dtype)
    numbers = [0.0, -0.0, 1.0, -1.0, 0.3, -2.7, 1e4, np.inf, -np.inf, np.nan, *TINY[dtype]]
    return np.array([*numbers, -TINY[dtype][0], -TINY[dtype][1]], dtype)


def takes(ufunc, *kinds):
    try:
        resolved = ufunc.resolve_dtypes((*map(np.dtype, kinds), *[None] * (ufunc.nout)))
    except TypeError:
        return False
    return len({*resolved[:-1]}) == 1 and resolved[0] != np.dtype("float16")


def layouts(dtype):
    """Return arrays that lie in memory in many ways, as pairs."""
    numbers = rng.standard_normal(600) * 9
    whole = (numbers > 0 if dtype == "bool" else numbers.astype(dtype)).reshape(20, 30)
    a, b = whole[:3, :5].copy(), whole[3:6, :5].copy()
    yield a, whole[8, :5].copy()
    yield whole[8:11, :1].copy(), b
    yield whole[8:11, :1], whole[:1, :5]
    yield a.T, b.T
    yield np.ascontiguousarray(a.T).T, b
    yield whole[:3, :5], whole[4:10:2, 3:13:2]
    yield whole[5:2:-1, :5], b[:, ::-1]
    yield np.asarray(whole[0, 0]), b
    yield np.asarray(whole[0, 0]), np.asarray(whole[7, 1])
    yield a[:1], b[:1]
    yield a[:, :1], b[:, :1]
    yield whole[:8].reshape(2, 4, 30), whole[:4].reshape(4, 30)
    yield a[None, :, None], b[:, None, :]


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS, "bool"])
def test_expressions(dtype):
    numbers, cases = special(dtype), []
    left, right = numbers.repeat(len(numbers)), np.tile(numbers, len(numbers))
    pairs = cycle(layouts(dtype))
    asked = [ufunc for ufunc in EXPRESSIONS if takes(ufunc, *[dtype] * ufunc.nin)]
    assert len(asked) >= 10
    for ufunc in asked:
        cases.append((ufunc, left, right)[: 1 + ufunc.nin])
        cases += [(ufunc, *next(pairs))[: 1 + ufunc.nin] for _ in range(3)]
        if dtype in FLOATS and ufunc.nin == 2:
            cases += [(ufunc, numbers, 0.3), (ufunc, -2, numbers)]
    check(cases)


def test_expressions_of_several_dtypes():
    kinds = [*FLOATS, *INTEGERS, "bool"]
    values = {kind: special(kind)[np.arange(15) % len(special(kind))] for kind in kinds}
    check(
        (ufunc, values[a][None], values[b][:, None])
        for ufunc in (np.add, np.multiply, np.divide, np.subtract, np.maximum, np.less)
        for a in kinds
        for b in kinds
        if a != b and takes(ufunc, a, b)
    )


def in_place(a, b):
    a = a + b
    a += b
    a *= a
    np.subtract(b, a, out=a)
    a[...] = a / 3
    return a


def test_in_place():
    check((in_place, a, b) for kind in FLOATS for a, b in layouts(kind) if a.ndim == b.ndim > 0)


def is_backwards(*arrays):
    return any(stride < 0 for a in arrays for stride in a.strides)


LOOPS = [np.exp, np.log, np.tanh, np.expm1, np.log1p, np.sin, np.cos, np.abs, np.sign]
LOOPS += [np.power, np.floor, np.rint, np.hypot, np.arctan, np.copysign, np.floor_divide]


@pytest.mark.parametrize("dtype", FLOATS)
def test_loops_of_numpy(dtype):
    numbers = special(dtype)
    cases = [(f, numbers, np.roll(numbers, 3)[:, None])[: 1 + f.nin] for f in LOOPS]
    cases += [
        (f, *pair[: f.nin])
        for f in (np.exp, np.tanh, np.power)
        for pair in layouts(dtype)
        if not is_backwards(*pair)
    ]
    for n in (1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 33, 100):  # vectors, and what remains
        cases.append((np.exp, rng.standard_normal(n).astype(dtype)))
        cases.append((np.tanh, rng.standard_normal((2 * n, 2)).astype(dtype)[::2]))
    check(cases)


# ---------------------------------------------------------------------------------- reductions


def reduced(ufunc, axis, keepdims=False):
    return lambda a: ufunc.reduce(a, axis=axis, keepdims=keepdims)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("ufunc", [np.add, np.maximum, np.minimum])
def test_reductions(ufunc, dtype):
    numbers = (rng.standard_normal((2, 300)) * 10.0 ** rng.integers(-4, 4, 300)).astype(dtype)
    some = [*range(1, 19), 33, 64, 127, 128, 129, 136, 300]
    # a sum is cut into blocks of 128, and these into eight sums and a rest
    lengths = [*some, *range(19, 300, 7), 255, 256, 257] if ufunc is np.add else some
    cases = [(reduced(ufunc, 1), numbers[:, :n].copy()) for n in lengths]
    for n in (2, 3, 7, 8, 17, 129):
        cases += [
            (reduced(ufunc, None), numbers[0, :n].copy()),
            (reduced(ufunc, 0), numbers[:, :n].copy().reshape(n, 2)),
            (reduced(ufunc, 0, True), numbers[:, : n + 1].copy()),
            (reduced(ufunc, -1, True), numbers[:, :n].copy()),
        ]
    blocks = numbers.reshape(4, 5, 30)
    cases += [(reduced(ufunc, axis), blocks) for axis in (0, 1, 2, -1, (2,), (0, 1, 2), None)]
    cases += [
        (reduced(ufunc, 1, True), np.swapaxes(blocks, 0, 1)),
        (reduced(ufunc, 0), blocks),
    ]
    odd = special(dtype)
    cases += [(reduced(ufunc, axis), np.tile(odd, (15, 1))) for axis in (0, 1, None)]
    cases += [(reduced(ufunc, 0), odd[:n].copy()) for n in range(1, 15)]
    check(cases)


def averaged(axis):
    return lambda a: a.mean(axis=axis)


def test_means_and_largest_places():
    cases = []
    for kind in FLOATS:
        a = rng.standard_normal((4, 12)).astype(kind)
        cases += [(averaged(axis), a) for axis in (0, 1, -1, None)]
        cases += [(lambda a: np.mean(a, axis=0), a.reshape(4, 4, 3))]
        odd = special(kind)
        rows = np.array([np.roll(odd, i) for i in range(15)])
        rows = np.concatenate([rows, np.sort(rows), np.roll(rows, 3)[:, ::-1]])
        ties = rng.integers(0, 3, (20, 15)).astype(kind)
        finite = np.where(np.isnan(rows), -np.inf, rows)
        for each in (rows, ties, finite, np.full((2, 15), -np.inf, kind), ties.T.copy().T):
            cases += [(lambda a: a.argmax(-1), each), (lambda a: np.argmax(a, axis=1), each)]
        cases += [(lambda a: a.argmax(-1), a.reshape(2, 2, 12)), (lambda a: a.argmax(0), a[0])]
    assert {np.ndarray.argmax, np.mean} & check(cases)


# ------------------------------------------------------------------------ products of matrices


def matrices(n, k, dtype):
    """Return one matrix in many layouts."""
    a = rng.standard_normal((n, k)).astype(dtype)
    wide = np.zeros((n + 2, k + 3), dtype)
    wide[1 : n + 1, 2 : k + 2] = a
    return [a, np.asfortranarray(a), wide[1 : n + 1, 2 : k + 2]]


@pytest.mark.parametrize("dtype", FLOATS)
def test_products_of_matrices(dtype):
    cases = [
        (np.matmul, a, b)
        for n in (1, 2, 9)
        for k in (1, 4)
        for m in (1, 2, 9)
        for a in matrices(n, k, dtype)
        for b in matrices(k, m, dtype)
    ]
    big = matrices(40, 70, dtype)
    cases += [(lambda a, b: a @ b.T, a, b) for a in big for b in big]
    cases += [(lambda a, b: a.T @ b, a, b) for a in big for b in big]
    cases += [(lambda a: a @ a.T, a) for a in big]
    a, b = rng.standard_normal((5, 3, 4)).astype(dtype), rng.standard_normal((5, 4, 2))
    b = b.astype(dtype)
    cases += [(np.matmul, a, b), (np.matmul, a, b[0]), (np.matmul, a[0], b)]
    cases += [
        (np.matmul, a[:1], b),
        (np.matmul, a[:, :1], b),
        (np.matmul, a[:, :, :1], b[:, :1]),
    ]
    cases += [(lambda a, b: a.transpose(0, 2, 1) @ b[:, :3], a, b)]
    cases += [(lambda a, b: a.transpose(1, 0, 2) @ b[:3], a, b)]
    gaps = np.repeat(np.repeat(matrices(6, 8, dtype)[0], 2, axis=0), 2, axis=1)[::2, ::2]
    cases += [(np.matmul, gaps, gaps.T), (np.matmul, gaps.T[:2], gaps)]
    few = matrices(20, 3, dtype)
    cases += [(np.matmul, a, b) for a in few for b in matrices(3, 33, dtype)]
    cases += [(lambda a: a @ a.T, a) for a in few]
    special_columns = np.tile(special(dtype)[:, None], 3)
    cases += [(np.matmul, special_columns, b) for b in matrices(3, 5, dtype)]
    special_rows = np.tile(special(dtype), (3, 1))
    assert check([*cases, (np.matmul, special_rows, special_rows.T)]) == {np.matmul}


def by_blas(order, ending):
    """Return products that add one product after the other, in an order."""

    def matmul(a, b, out):
        chain = np.zeros(out.shape, "float32")
        for i in order(range(len(b))):
            chain = (np.float64(a[:, i, None]) * np.float64(b[i]) + chain).astype("float32")
        out[...] = ending(chain)

    return matmul


FIRST_TO_LAST = "fma({2}, {3}, fma({0}, {1}, float32(0)))"


@pytest.mark.parametrize(
    ("matmul", "expression"),
    [
        (by_blas(list, lambda chain: chain), FIRST_TO_LAST),
        (by_blas(list, lambda chain: 0 + chain), f"float32(0) + {FIRST_TO_LAST}"),
        (by_blas(reversed, lambda chain: chain), None),
        (lambda a, b, out: np.copyto(out, (a[:, :, None] * b).sum(1)), None),
    ],
    ids=["as it is", "without -0", "last to first", "products rounded"],
)
@pytest.mark.parametrize("shape", [(2, 2), (3, 20), (300, 64), (20_000, 2)])
def test_a_product_over_few_is_as_blas_adds_it(monkeypatch, matmul, expression, shape):
    n, m = shape
    layouts = ((n, 2), (1, n)), ((2, m), (m, 1)), ((n, m), (m, 1))  # one is transposed
    monkeypatch.setattr(np, "matmul", matmul)
    assert _expression.__wrapped__(*layouts) == expression


# -------------------------------------------------------------------------------------- others


def copied(dtype):
    return lambda a: a.astype(dtype)


def changed(index):
    def function(a, b):
        a = a * 1
        a[index][...] = b
        return a

    return function


def scattered(table, places, rows):
    return added_to_rows(table * 1, places, rows)


def test_the_other_rules():
    cases = []
    places, one = np.array([3, 0, 3, 3, 1]), np.array([2])
    for kind in [*FLOATS, *INTEGERS]:
        a = (rng.standard_normal((4, 5)) * 9).astype(kind)
        yes = a > 0
        cases += [
            (np.where, yes, a, -a), (np.where, yes[0], a, a[:, :1]),
            (np.where, yes, a, a.T.copy().T),
            (np.where, yes[:, :1], a, np.asarray(a[1, 1])),
            (lambda a, b: np.concatenate([a, b, a]), a, a[:1]),
            (lambda a, b: np.concatenate([a, b], axis=1), a, a[:, 3:]),
            (lambda a: np.concatenate([a, a * 2], axis=-1), a.reshape(2, 2, 5)),
            (lambda a: np.concatenate([a * 1, a[0] * 2, a.T], axis=None), a),
            (lambda a, at: a.take(at, 0), a, places),
            (lambda a, at: a.take(at, axis=0), a, one),
            (lambda a, at: a.take(at), a.reshape(-1), places),
            (lambda a, at: a.take(at, 0), a.reshape(4, 5, 1), places),
            (lambda a, at: a.take(at, 0), a[:, ::2], places),
            (changed((slice(1, 3), slice(None, None, 2))), a, a[:2, :3]),
            (changed((slice(None), 1)), a, a[:, 0]),
            (changed(...), a, a[:, :1]),
        ]  # fmt: skip
        cases += [(copied(to), a) for to in (*FLOATS, *INTEGERS, "bool")]
        cases += [(copied(kind), yes), (copied("float64"), a.T), (copied("float32"), a[::2])]
    for kind in FLOATS:
        rows = rng.standard_normal((5, 3)).astype(kind)
        table = rng.standard_normal((4, 3)).astype(kind)
        cases += [
            (lambda rows, at: added_up(rows, at, 4), rows, places),
            (scattered, table, places, rows),
            (scattered, np.asfortranarray(table), places, rows),
            (scattered, table[:, :1].copy(), places, rows[:, :1]),
            (lambda a: added_up(a * 2, one, 6), rows[:1]),

        ]  # fmt: skip
    called = check(cases)
    assert {np.copyto, np.where, np.concatenate, np.ndarray.take} <= called
    seen_elsewhere = {np.ufunc.reduce, np.mean, np.ndarray.mean, np.ndarray.argmax}
    seen_elsewhere.add(np.empty_like)  # which holds anything
    assert {*RULES} - called <= seen_elsewhere


def onward(a):
    return np.add(a[:-1], a[1:], out=a[1:])


def squared(a):
    return np.matmul(a, a, out=a)


A = rng.standard_normal((4, 6)).astype("float32")
PLACES, YES = np.array([1, 0, 1, 3]), A > 0

REFUSED = {
    "set at an index": (lambda a: operator.setitem(a, 0, 1), A, "set at an index"),
    "mean of two axes": (lambda a: a.mean((0, 1), "float32"), A, "no rule"),
    "mean in another dtype": (lambda a: a.mean(0, dtype="float64"), A, "mean"),
    "sum in another dtype": (lambda a: a.sum(0, dtype="float64"), A, "reduce"),
    "sum of a part": (lambda a: a.sum(1), A[:, ::2], "along"),
    "sum of whole numbers": (lambda a: a.sum(1), PLACES[None], "reduce of int64"),
    "sum of yes and no": (lambda a: a.sum(1), YES, "reduce of bool"),
    "product": (lambda a: a.prod(1), A, "multiply.reduce"),
    "any": (lambda a: a.any(1), YES, "reduce of bool"),
    "sum along two of three": (lambda a: a.sum((0, 1)), A.reshape(2, 2, 6), "along"),
    "masked": (lambda a: np.add(a, 1, where=YES, out=a * 1), A, "add with where"),
    "several dtypes": (lambda a: np.ldexp(a, PLACES[:, None].astype("int32")), A, "dtypes"),
    "exp of whole numbers": (lambda a: np.exp(a), PLACES, "exp of another dtype"),
    "exp into another": (lambda a: np.exp(a, out=a.astype("float64")), A, "exp"),
    "matmul of two dtypes": (lambda a: a @ a.T.astype("float64"), A, "matmul of several"),
    "matmul into what it reads": (
        lambda a: squared(a[:, :4] * 1),
        A,
        "matmul into what it reads",
    ),
    "matmul of a vector": (lambda a: a @ a[0], A, "matmul of vectors"),
    "take along columns": (lambda a: a.take(PLACES, 1), A, "take along"),
    "take of two axes": (lambda a: a.take(PLACES[None], 0), A, "take along"),
    "argmax along rows": (lambda a: a.argmax(0), A, "argmax along"),
    "argmax of all": (lambda a: a.argmax(), A, "argmax along"),
    "into its neighbours": (lambda a: onward(a * 1), A, "into a part of what it reads"),
    "backwards": (lambda a: np.exp(a[::-1], out=a * 1), A, "exp of what lies backwards"),
    "no rule": (lambda a: np.cumsum(a, axis=1), A, "no rule for .*cumsum"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_rule(name):
    function, a, why = REFUSED[name]
    assert re.search(why, refused(function, a))
