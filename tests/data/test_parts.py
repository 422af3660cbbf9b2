"""Files with rows, one after the other: what comes is what was written."""

import decimal
import itertools
import pickle

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from processes import run_python
from safetensors.numpy import save_file
from told_rows import X, Y, assert_same, made, results

import xpnn
from xpnn.data import Parts

NAMES = [f"column {i}" for i in range(6)]
CUTS = (0, 200, 513, 700, 1013)


def write(path, x=X, y=Y, **how):
    columns = {name: x[:, i] for i, name in enumerate(NAMES)}
    pq.write_table(pa.table({**columns, "label": y}), path, **how)


@pytest.fixture
def folder(tmp_path):
    """Four files, of which the last but one comes first by its letters."""
    for number, (start, stop) in zip((1, 2, 9, 10), itertools.pairwise(CUTS)):
        write(tmp_path / f"part.{number}.parquet", X[start:stop], Y[start:stop])
    return tmp_path


def test_parquet_trains_as_its_rows_do(backend, folder):
    x, y = Parts(folder, drop="label"), Parts(folder, "label")
    assert (x.shape, y.shape, x.columns, y.columns) == ((1013, 6), (1013,), NAMES, ["label"])
    assert x.parts == [200, 313, 187, 313]
    expected = results(X, Y, backend, shuffle=False)
    assert_same(results(x, y, backend, shuffle=False), expected)
    # four parts are one window, in the order of rows in memory
    assert_same(results(x, Y, backend), results(X, Y, backend))


def test_who_names_the_files(folder):
    files = [folder / f"part.{number}.parquet" for number in (1, 2, 9, 10)]
    for paths in (folder, str(folder / "*.parquet"), files, [*map(str, files)]):
        np.testing.assert_array_equal(Parts(paths, "label").take(np.arange(1013)), Y)
    np.testing.assert_array_equal(Parts(files[1], NAMES).take(np.arange(313)), X[200:513])
    back = Parts(files[::-1], "label").take(np.arange(313))
    np.testing.assert_array_equal(back, Y[700:])


@pytest.mark.parametrize("columns", [["column 5", "column 0"], ["label"], NAMES])
def test_columns_come_in_the_order_in_which_they_are_named(folder, columns):
    all_ = {**{name: X[:, i] for i, name in enumerate(NAMES)}, "label": Y}
    numbers = np.array([1012, 3, 600, 3, 199, 200])
    expected = np.column_stack([all_[name] for name in columns])[numbers]
    np.testing.assert_array_equal(Parts(folder, columns).take(numbers), expected)


@pytest.mark.parametrize("group", [2048, 30_000, 1 << 20])
def test_groups_of_rows_are_parts_of_some_size(tmp_path, group):
    n = 700_000
    x = np.arange(n, dtype=np.float32)
    pq.write_table(pa.table({"a": x, "b": -x}), tmp_path / "x.parquet", row_group_size=group)
    rows = Parts(tmp_path / "x.parquet")
    assert sum(rows.parts) == n
    assert len(rows.parts) == (2 if group < 1 << 20 else 1)
    numbers = np.random.default_rng(0).permutation(n)[:5000]
    np.testing.assert_array_equal(rows.take(numbers), np.column_stack([x, -x])[numbers])


def test_numbers_of_all_kinds(tmp_path):
    file = tmp_path / "x.parquet"
    duckdb.sql(
        "COPY (SELECT i::TINYINT AS a, i::UBIGINT AS b, i % 2 = 0 AS c, "
        "(i / 4)::DECIMAL(9, 2) AS d, i::HUGEINT AS e, i::DOUBLE AS f, i::FLOAT AS g "
        f"FROM range(50) r(i)) TO '{file}' (FORMAT parquet)"
    )
    i = np.arange(50)
    expected = np.column_stack([i, i, i % 2 == 0, i / 4, i, i, i])
    np.testing.assert_array_equal(Parts(file).take(i), expected)
    assert Parts(file, "a").take(i).dtype == np.int8
    assert Parts(file, ["f", "g"]).take(i).dtype == np.float64
    assert Parts(file, ["g"]).take(i).dtype == np.float32


def test_an_empty_cell_is_told_of(tmp_path):
    columns = {"a": [1.0, None, 3.0], "b": [1, 2, 3], "label": [0, 1, 2]}
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    np.testing.assert_array_equal(
        Parts(tmp_path / "x.parquet", "a").take(np.arange(3)), [1, np.nan, 3]
    )
    model = xpnn.Sequential([xpnn.Dense(2, 3), xpnn.Softmax()])
    model.compile("categorical_cross_entropy", "adam")
    with pytest.raises(
        ValueError, match="X must hold finite numbers; got nan in row 1, column 0"
    ):
        model.fit(Parts(tmp_path / "x.parquet", drop="label"), [0, 1, 2])


@pytest.mark.parametrize("kind", ["npy", "npz", "safetensors"])
def test_arrays_in_files(tmp_path, kind):
    for number, (start, stop) in enumerate(itertools.pairwise(CUTS)):
        file, x, y = tmp_path / f"{number}.{kind}", X[start:stop], Y[start:stop]
        if kind == "npy":
            np.save(file, x)
        elif kind == "npz":
            np.savez(file, x=x, y=y)
        else:
            save_file({"x": x, "y": y}, file)
    x = Parts(tmp_path, None if kind == "npy" else "x")
    y = Y if kind == "npy" else Parts(tmp_path, "y")
    assert (x.shape, x.parts, x.columns) == ((1013, 6), [200, 313, 187, 313], None)
    assert_same(results(x, y, shuffle=False), results(X, Y, shuffle=False))


def test_it_can_be_copied_to_other_processes(folder):
    x = Parts(folder, NAMES)
    x.take(np.arange(3))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(x)).take(np.arange(1013)), X)


def test_what_is_no_set_of_files(tmp_path, folder):
    cases = {
        (str(tmp_path / "none*"),): (FileNotFoundError, "there are no such files: .*none"),
        (str(tmp_path / "none.parquet"),): (
            FileNotFoundError,
            "there is no file .*none.parquet",
        ),
        (3,): (TypeError, "paths must be those of files, got 3"),
        ((),): (TypeError, r"paths must be those of files, got \(\)"),
        (folder, "lable"): (ValueError, "columns must name columns of .*, label; got 'lable'"),
        (folder, ("label", "x")): (ValueError, "columns must name .*got 'x'"),
    }
    for given, (kind, message) in cases.items():
        with pytest.raises(kind, match=message):
            Parts(*given)
    with pytest.raises(ValueError, match=r"drop must name columns of .*got 'y'"):
        Parts(folder, drop="y")
    with pytest.raises(ValueError, match="drop leaves no column"):
        Parts(folder, drop=[*NAMES, "label"])
    with pytest.raises(TypeError, match="columns must be names of columns, got 3"):
        Parts(folder, 3)
    with pytest.raises(TypeError, match=r"columns must be names of columns, got \[\]"):
        Parts(folder, [])
    with pytest.raises(IndexError, match="numbers must be from 0 to 1012"):
        Parts(folder, NAMES).take([1013])
    pq.write_table(pa.table({"file_row_number": [1.0]}), tmp_path / "row.parquet")
    with pytest.raises(ValueError, match="must not have a column file_row_number"):
        Parts(tmp_path / "row.parquet")
    (tmp_path / "row.parquet").unlink()
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"paths must be \.parquet files, .*got \.csv"):
        Parts(tmp_path / "table.csv")
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(ValueError, match=r"all of one kind .*got \.npy, \.parquet"):
        Parts(folder)
    with pytest.raises(ValueError, match="drop is for Parquet"):
        Parts(tmp_path / "x.npy", drop="label")
    np.save(tmp_path / "z.npy", X[:, :5])
    with pytest.raises(ValueError, match=r"z.npy must hold rows as .*x.npy does"):
        Parts([tmp_path / "x.npy", tmp_path / "z.npy"])


def test_names_of_files_are_no_patterns_and_those_of_folders_no_columns(tmp_path):
    folder = tmp_path / "year=2020"
    folder.mkdir()
    for name, value in (("rows1", 1.0), ("rows[1]", 99.0)):
        pq.write_table(pa.table({"a": [value]}), folder / f"{name}.parquet")
    odd = Parts(folder / "rows[1].parquet")
    assert odd.columns == ["a"]
    assert odd.take([0]).tolist() == [[99.0]]
    assert sorted(Parts(folder, "a").take([0, 1])) == [1.0, 99.0]


def test_targets_have_the_parts_of_their_inputs(tmp_path):
    n = 300_000
    columns = {f"c{i}": np.zeros(n, np.float32) for i in range(40)}
    table = pa.table({**columns, "label": np.zeros(n, np.int8)})
    pq.write_table(table, tmp_path / "x.parquet", row_group_size=10_000)
    x, y = Parts(tmp_path, drop="label"), Parts(tmp_path, "label")
    assert x.parts == y.parts
    assert len(x.parts) > 4


def test_files_that_do_not_go_together(tmp_path, folder):
    pq.write_table(pa.table({"column 0": [1.0], "label": [1]}), tmp_path / "part.99.parquet")
    with pytest.raises(
        ValueError, match=r"part.99.parquet has no column 'column 1', as .*part.1"
    ):
        Parts(folder)
    (tmp_path / "part.99.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(ValueError, match=r"part.99.parquet can't be read"):
        Parts(folder)


@pytest.mark.parametrize(
    "values",
    [["a", "b"], [decimal.Decimal(1), None], [[1], [2]], [{"x": 1}, {"x": 2}], [b"1", b"2"]],
    ids=["words", "decimals", "lists", "records", "bytes"],
)
def test_columns_of_numbers_only(tmp_path, values):
    pq.write_table(pa.table({"a": values}), tmp_path / "x.parquet")
    if values[1] is None:  # it is a number, or empty
        np.testing.assert_array_equal(Parts(tmp_path, "a").take([0, 1]), [1, np.nan])
        return
    with pytest.raises(TypeError, match=r"the column 'a' of .*x.parquet holds .*, no numbers"):
        Parts(tmp_path)


def test_a_file_that_goes_away(folder):
    x, y = Parts(folder, NAMES), Parts(folder, "label")
    (folder / "part.10.parquet").unlink()
    with pytest.raises(ValueError, match=r"part.10.parquet can't be read"):
        made().fit(x, y, shuffle=False)


def test_without_the_engine_it_says_what_to_install(folder):
    code = f"""
        import sys
        sys.modules["duckdb"] = None
        import xpnn
        try:
            xpnn.data.Parts({str(folder)!r})
        except ModuleNotFoundError as error:
            print(error)
    """
    assert "pip install 'xpnn[tables]'" in run_python(code).stdout
