"""What format a file has, by its beginning."""

import bz2

import pyarrow
import pyarrow.feather
import pyarrow.parquet
import pytest

from xpnn.tables.sources import read


@pytest.mark.parametrize("name", ["PAR1", "FEA1", "ARROW1", "RDX", "BZh", "BZh9", "GIF8"])
def test_a_column_may_be_called_like_a_mark(tmp_path, name):
    path = tmp_path / "data.parquet"
    path.write_text(f"{name},y\n1,ä\n", encoding="cp1252")
    table = read(path)
    assert {key: column.cells().tolist() for key, column in table.columns.items()} == {
        name: ["1"],
        "y": ["ä"],
    }


def test_marks_are_known_whatever_a_file_is_called(tmp_path):
    path, table = tmp_path / "data.csv", pyarrow.table({"x": [5]})
    for write in (
        lambda: pyarrow.parquet.write_table(table, path, compression="none"),
        lambda: pyarrow.parquet.write_table(table, path, compression="zstd"),
        lambda: pyarrow.feather.write_feather(table, str(path)),
        *(
            lambda level=level: path.write_bytes(bz2.compress(b"x\n5\n", level))
            for level in (1, 9)
        ),
    ):
        write()
        assert read(path)["x"].cells().tolist() == ["5"]
    path.write_bytes(bz2.compress(b""))
    with pytest.raises(ValueError, match="is empty"):
        read(path)
    path.write_bytes(b"RDX3\nX\n\x00\x00\x00\x03\x00\x04")
    with pytest.raises(ValueError, match="an R data file"):
        read(path)
