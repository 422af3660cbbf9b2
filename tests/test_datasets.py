"""Data sets against the book's numbers, and the search for Fashion-MNIST's files."""

import gc
import gzip
import hashlib
import http.server
import os
import threading
from pathlib import Path

import numpy as np
import pooch
import pytest
from full_disk import full_disk
from support import assert_close

import xpnn
from xpnn import datasets

# pooch leaves a connection that failed to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

MADE = [datasets.spiral, datasets.vertical, datasets.circles, datasets.sine]

# ---------------------------------------------------------------------- made by a formula


def test_spiral_is_the_book_s():
    """Rows of nnfs.datasets.spiral_data(100, 3) after nnfs.init()."""
    X, y = datasets.spiral(samples=100, classes=3, seed=np.random.RandomState(0))
    expected = [
        [0.0029955569189041853, 0.00964660756289959],
        [0.012880969792604446, 0.015562848187983036],
        [-0.5020192265510559, -0.05525142699480057],
        [-0.7005848288536072, -0.713569164276123],
        [-2.376367774559185e-05, -0.010100982151925564],
        [0.9694269895553589, -0.24538004398345947],
        [0.08957227319478989, 0.49704408645629883],
        [-0.9427887797355652, 0.3333906829357147],
    ]
    np.testing.assert_array_equal(X[[1, 2, 50, 99, 101, 199, 250, 299]], np.float32(expected))
    assert X.dtype == np.float32
    np.testing.assert_array_equal(y, [0] * 100 + [1] * 100 + [2] * 100)


def test_first_layer_of_chapter_3(backend, dtype):
    """Printed in the book: the spiral is drawn first, then the weights."""
    draws = np.random.RandomState(0)
    X, _ = datasets.spiral(samples=100, classes=3, seed=draws)
    weights = (0.01 * draws.randn(2, 3)).astype(np.float32)
    model = xpnn.Sequential([xpnn.Dense(2, 3, weights=weights)], dtype=dtype)
    expected = [
        [0, 0, 0],
        [-0.00010475188, 0.00011395361, -4.79835e-05],
        [-0.00027414842, 0.0003172915, -8.6921798e-05],
        [-0.00042188365, 0.00052666257, -5.5912682e-05],
        [-0.0005770768, 0.00071401405, -8.9430439e-05],
    ]
    output = model.forward(X)
    assert_close(output[:5, ...], np.array(expected), rtol=2e-7, atol=1e-11)


@pytest.mark.parametrize(("samples", "classes"), [(100, 3), (7, 5), (2, 1)])
def test_spiral_by_its_formula(samples, classes):
    X, y = datasets.spiral(samples, classes, seed=5)
    noise = np.random.default_rng(5).standard_normal((classes, samples))
    for k in range(classes):
        for i in range(samples):
            radius = i / (samples - 1)
            angle = 2.5 * (4 * (k + radius) + 0.2 * noise[k, i])
            point = [radius * np.sin(angle), radius * np.cos(angle)]
            np.testing.assert_allclose(X[k * samples + i], point, atol=3e-6)
            assert y[k * samples + i] == k
    assert X.shape == (samples * classes, 2)
    assert y.dtype == np.int64


def test_vertical_is_the_book_s():
    """Rows of nnfs.datasets.vertical_data(100, 3) after nnfs.init() and seed(0)."""
    X, y = datasets.vertical(samples=100, classes=3, seed=np.random.RandomState(0))
    expected = [
        [0.17640523612499237, 0.6883150935173035],
        [0.040015723556280136, 0.36522409319877625],
        [0.04019893705844879, 0.6336528062820435],
        [0.38543984293937683, 0.42358559370040894],
        [0.6588811874389648, 0.48214107751846313],
    ]
    np.testing.assert_array_equal(X[[0, 1, 99, 150, 299]], np.float32(expected))
    assert X.dtype == np.float32
    np.testing.assert_array_equal(y, np.arange(300) // 100)


@pytest.mark.parametrize(("samples", "classes"), [(100, 3), (7, 5), (1, 1)])
def test_circles_by_their_formula(samples, classes):
    X, y = datasets.circles(samples, classes, seed=5, dtype="float64")
    noise = np.random.default_rng(5).standard_normal((classes, samples))
    points = X[:, 0] + 1j * X[:, 1]
    turns = np.exp(2j * np.pi * np.arange(samples) / samples)
    for k in range(classes):
        own = points[y == k] / turns
        np.testing.assert_allclose(own.real, (k + 1) / classes + 0.05 * noise[k])
        np.testing.assert_allclose(own.imag, 0, atol=1e-13)
    np.testing.assert_array_equal(y, np.arange(samples * classes) // samples)
    assert datasets.circles(samples, classes, seed=5)[0].dtype == np.float32


def test_sine():
    X, y = datasets.sine(8)
    half = np.sqrt(0.5)
    np.testing.assert_array_equal(X, np.float32([[i / 8] for i in range(8)]))
    expected = [[0], [half], [1], [half], [0], [-half], [-1], [-half]]
    np.testing.assert_allclose(y, expected, atol=1e-7)
    assert X.dtype == y.dtype == np.float32
    assert datasets.sine()[0].shape == (1000, 1)
    assert datasets.sine()[0].max() < 1


@pytest.mark.parametrize("make", [datasets.spiral, datasets.vertical, datasets.circles])
def test_one_seed_one_set(make):
    (one, _), (same, _), (other, _) = (make(20, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    generator = np.random.default_rng(1)
    np.testing.assert_array_equal(make(20, seed=generator)[0], one)
    assert not np.array_equal(make(20, seed=generator)[0], one)  # the stream goes on
    before = np.random.get_state()[1].copy()
    assert not np.array_equal(make(20)[0], make(20)[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # never the global one


@pytest.mark.parametrize("make", MADE)
def test_sizes_that_are_none(make):
    for wrong in (0, -5, 2.0, "3", None, True):
        with pytest.raises((TypeError, ValueError), match=r"samples must .*got"):
            make(wrong)
        if make is not datasets.sine:
            with pytest.raises((TypeError, ValueError), match=r"classes must .*got"):
                make(10, wrong)
    if make is not datasets.sine:
        with pytest.raises(TypeError, match="seed must be"):
            make(10, seed="1")


def test_one_sample_of_each_class():
    for make in (datasets.spiral, datasets.vertical, datasets.circles):
        X, y = make(1, 2, seed=0)
        assert X.shape == (2, 2)
        assert np.isfinite(X).all()
        assert y.tolist() == [0, 1]


# ------------------------------------------------------------------------------ digits


def test_digits():
    X, y = datasets.digits()
    assert X.shape == (1797, 64)
    assert (X.dtype, y.dtype) == (np.float32, np.int64)
    # the counts that the UCI repository gives for its test set
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert (X.min(), X.max()) == (0.0, 1.0)
    np.testing.assert_array_equal(X * 16, np.round(X * 16))
    assert y[:10].tolist() == list(range(10))
    # the first image, a 0, is round
    first = (X[0] * 16).reshape(8, 8)
    np.testing.assert_array_equal(first[0], [0, 0, 5, 13, 9, 1, 0, 0])
    np.testing.assert_array_equal(first[4], [0, 5, 8, 0, 0, 9, 8, 0])
    X[:] = 9  # a copy each time
    assert datasets.digits()[0].max() == 1


# ------------------------------------------------------------------------ Fashion-MNIST

NAMES = list(datasets.FASHION_FILES)
FILES = [f"{name}.gz" for name in NAMES]


def contents(name, mark):
    """Return a small file of the idx format; `mark` tells one from the other."""
    if "images" in name:
        rows = 3 if name.startswith("train") else 2
        pixels = np.zeros((rows, 784), dtype=np.uint8)
        pixels[:, 0], pixels[:, 1] = 255, mark
        return b"\0\0\x08\x03" + np.array([rows, 28, 28], ">i4").tobytes() + pixels.tobytes()
    labels = [9, 0, 3] if name.startswith("train") else [7, 1]
    return b"\0\0\x08\x01" + np.array([len(labels)], ">i4").tobytes() + bytes(labels)


def fill(folder, mark=51, names=NAMES):
    """Put files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.gz").write_bytes(gzip.compress(contents(name, mark)))
    return folder


def accept(monkeypatch, mark=51):
    """Make the files with this mark the right ones."""
    sums = {name: hashlib.sha256(contents(name, mark)).hexdigest() for name in NAMES}
    monkeypatch.setattr(datasets, "FASHION_FILES", sums)


class Server:
    """A web server on this machine."""

    def __init__(self, folder):
        self.folder, self.asked, self.cut = folder, [], False
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.path.lstrip("/"))
                file = outer.folder / self.path.lstrip("/")
                if not file.is_file():
                    self.send_error(404)
                    return
                data = file.read_bytes()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data[: len(data) // 2] if outer.cut else data)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Every place where files may be is inside tmp_path, and the net is a server of ours."""
    accept(monkeypatch)
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache" / project)
    monkeypatch.setattr(datasets, "DEBIAN", tmp_path / "debian")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "net").mkdir()
    server = Server(tmp_path / "net")
    monkeypatch.setattr(datasets, "FASHION_URL", server.url)
    yield World(tmp_path, server)
    server.close()
    gc.collect()


class World:
    """The folder of a test, and its server."""

    def __init__(self, folder, server):
        self.folder, self.server = folder, server
        self.cache = folder / "cache" / "xpnn" / "fashion-mnist"

    def cached(self):
        """Return what is in the cache, at any depth."""
        return sorted(path.name for path in self.cache.rglob("*"))


def found(mark):
    """Check which file was taken, by its mark."""
    X, _ = datasets.fashion_mnist()
    return X[0, 1] == np.float32(mark) / 255


def test_shape_range_and_labels(world):
    fill(world.folder / "mine")
    X, y = datasets.fashion_mnist(root=world.folder / "mine")
    assert (X.shape, X.dtype, y.dtype) == ((3, 784), np.float32, np.int64)
    assert y.tolist() == [9, 0, 3]
    np.testing.assert_allclose(X[:, :3], [[1, 0.2, 0]] * 3, rtol=1e-7)
    X, y = datasets.fashion_mnist("test", root=str(world.folder / "mine"))
    assert X.shape == (2, 784)
    assert y.tolist() == [7, 1]
    assert y.flags.writeable
    assert X.flags.writeable
    assert world.server.asked == []


@pytest.mark.parametrize("below", ["", "fashion-mnist"])
def test_order_of_places(world, monkeypatch, below):
    """From the last place to the first: each is preferred to those before it."""
    fill(world.folder / "net", 1)
    accept(monkeypatch, 1)
    assert found(1)
    assert world.server.asked == [FILES[0], FILES[1]]
    assert world.cached() == sorted(FILES[:2])

    accept(monkeypatch, 2)
    fill(world.cache, 2)
    assert found(2)  # the cache before the net
    assert len(world.server.asked) == 2

    accept(monkeypatch, 3)
    fill(world.folder / "debian" / "fashion-mnist", 3)
    assert found(3)  # Debian's before the cache

    accept(monkeypatch, 4)
    fill(world.folder / "data" / below, 4)
    monkeypatch.setenv("XPNN_DATA", str(world.folder / "data"))
    assert found(4)  # $XPNN_DATA before Debian's

    accept(monkeypatch, 5)
    fill(world.folder / "root" / below, 5)
    X, _ = datasets.fashion_mnist(root=world.folder / "root")
    assert X[0, 1] == np.float32(5) / 255  # root before all
    assert len(world.server.asked) == 2


def test_root_is_binding(world):
    fill(world.cache)
    fill(world.folder / "debian")
    (world.folder / "root").mkdir()
    with pytest.raises(FileNotFoundError) as caught:
        datasets.fashion_mnist(root=world.folder / "root")
    assert FILES[0] in str(caught.value)
    assert str(world.folder / "root") in str(caught.value)
    assert "root" in str(caught.value)


def test_files_may_be_in_several_places(world, monkeypatch):
    fill(world.folder / "data", names=NAMES[:1])
    fill(world.folder / "net", names=NAMES[1:2])
    monkeypatch.setenv("XPNN_DATA", str(world.folder / "data"))
    datasets.fashion_mnist()
    assert world.server.asked == [FILES[1]]
    monkeypatch.setenv("XPNN_DATA", str(world.folder / "nowhere"))
    fill(world.folder / "net")
    datasets.fashion_mnist("test")
    assert world.server.asked == FILES[1:]


DAMAGES = {
    "another file": lambda data: gzip.compress(b"something else"),
    "truncated": lambda data: data[:-5],
    "half": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "no gzip": lambda data: b"<html>404</html>",
    "flipped": lambda data: data[:20] + bytes([data[20] ^ 255]) + data[21:],
    "other pixels": lambda data: gzip.compress(contents(NAMES[0], 7)),
}


@pytest.mark.parametrize(
    ("place", "damage"),
    [*(("root", damage) for damage in DAMAGES), ("data", "half"), ("cache", "half")],
)
def test_damaged_file_is_refused(world, monkeypatch, damage, place):
    folder = fill(world.cache if place == "cache" else world.folder / place)
    path = folder / FILES[0]
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    if place == "data":
        monkeypatch.setenv("XPNN_DATA", str(folder))
    with pytest.raises(ValueError, match="is damaged: the SHA-256") as caught:
        datasets.fashion_mnist(root=folder if place == "root" else None)
    assert str(path) in str(caught.value)
    assert path.is_file()  # it is the user's to delete


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_download_is_refused_and_not_kept(world, damage):
    path = fill(world.folder / "net") / FILES[0]
    good = path.read_bytes()
    path.write_bytes(DAMAGES[damage](good))
    with pytest.raises((ConnectionError, ValueError), match="damaged"):
        datasets.fashion_mnist()
    assert world.cached() == []
    path.write_bytes(good)  # the next time it works
    datasets.fashion_mnist()
    assert world.cached() == sorted(FILES[:2])


def check_advice(caught):
    for words in (FILES[0], datasets.FASHION_URL, "$XPNN_DATA", "dataset-fashion-mnist"):
        assert words in str(caught.value)


def test_download_that_breaks_off_leaves_nothing(world):
    fill(world.folder / "net")
    world.server.cut = True
    with pytest.raises(ConnectionError) as caught:
        datasets.fashion_mnist()
    check_advice(caught)
    assert world.cached() == []
    world.server.cut = False
    datasets.fashion_mnist()


def test_interrupted_download_leaves_nothing(world, monkeypatch):
    def interrupted(self, url, output_file, *arguments, **options):
        Path(output_file).write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        datasets.fashion_mnist()
    assert world.cached() == []


def test_a_full_disk_leaves_nothing(world):
    fill(world.folder / "net")
    with full_disk(10), pytest.raises(OSError) as caught:
        datasets.fashion_mnist()
    assert os.path.basename(caught.value.filename) == f"{FILES[0]}"
    assert not isinstance(caught.value, ConnectionError)
    assert world.cached() == []
    datasets.fashion_mnist()


def test_not_there(world):
    with pytest.raises(ConnectionError) as caught:
        datasets.fashion_mnist()
    check_advice(caught)
    assert "404" in str(caught.value)
    assert world.cached() == []


def test_offline(world, monkeypatch):
    server = Server(world.folder)
    server.close()  # nobody listens there now
    monkeypatch.setattr(datasets, "FASHION_URL", server.url)
    with pytest.raises(ConnectionError) as caught:
        datasets.fashion_mnist()
    check_advice(caught)
    assert world.cached() == []


@pytest.mark.parametrize("split", ["training", "", "t10k", None, 3])
def test_split_that_is_none(world, split):
    with pytest.raises(
        (TypeError, ValueError), match="split must be 'train' or 'test'"
    ) as caught:
        datasets.fashion_mnist(split)
    assert repr(split) in str(caught.value)


def test_sums_are_of_four_files():
    assert sorted(NAMES) == sorted(
        f"{part}-{kind}-ubyte"
        for part in ("train", "t10k")
        for kind in ("images-idx3", "labels-idx1")
    )
    assert all(len(bytes.fromhex(digest)) == 32 for digest in datasets.FASHION_FILES.values())
    assert datasets.FASHION_URL.startswith("https://")
