"""Finding a backend by its spec, and what happens when it isn't usable."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from processes import run_python

import xpnn
import xpnn.backend
from xpnn import BackendFallbackWarning, BackendUnavailableError

STRICT = "array_api_strict"


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    """Each test begins as a process does, with nothing chosen and nothing warned of."""
    monkeypatch.setattr(xpnn.backend.choosing, "_default", None)
    monkeypatch.setattr(xpnn.backend.finding, "_warned", False)


@pytest.fixture
def no_cupy(tmp_path):
    """Make a folder for sys.path in which CuPy is a package that can't be imported."""
    folder = tmp_path / "no_cupy"
    (folder / "cupy").mkdir(parents=True)
    (folder / "cupy" / "__init__.py").write_text("raise ImportError('there is no CuPy today')")
    return folder


# ------------------------------------------------------------------------------ specs


def test_same_spec_same_object():
    assert xpnn.backend.resolve("numpy") is xpnn.backend.resolve(" numpy! ")
    backend = xpnn.backend.resolve(STRICT)
    assert xpnn.backend.resolve(backend) is backend
    assert xpnn.backend.resolve(None) is xpnn.get_backend()


def test_backend_is_pickled_and_copied_by_its_spec():
    backend = xpnn.backend.resolve(f"{STRICT}:device1")
    assert pickle.loads(pickle.dumps(backend)) is backend
    assert copy.deepcopy(backend) is backend


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [("nunpy", "numpy"), ("cuppy", "cupy"), ("NumPy", "numpy"), ("troch:cuda", "torch"),
     ("jaxx!", "jax"), ("array-api-strict", STRICT), ("atuo", "auto")],
)  # fmt: skip
def test_misspelt_name_is_answered_with_the_nearest(wrong, nearest):
    with pytest.raises(ValueError) as caught:
        xpnn.set_backend(wrong)
    assert f"did you mean {nearest!r}?" in str(caught.value)
    assert repr(wrong.rstrip("!").partition(":")[0]) in str(caught.value)


def test_name_that_is_like_no_other_gets_the_list():
    with pytest.raises(ValueError) as caught:
        xpnn.set_backend("qqqqqqqqqq")
    assert "did you mean" not in str(caught.value)
    assert all(known in str(caught.value) for known in ("auto", "cupy", "numpy", STRICT))


@pytest.mark.parametrize("wrong", [3, ["numpy"], np, b"numpy"])
def test_spec_of_another_type(wrong):
    with pytest.raises(TypeError, match="backend must be a str or a Backend"):
        xpnn.set_backend(wrong)


@pytest.mark.parametrize("spec", ["numpy:cuda", f"{STRICT}:nowhere"])
def test_device_that_is_not_there(spec):
    with pytest.raises(BackendUnavailableError) as caught:
        xpnn.backend.resolve(f"{spec}!")
    assert repr(spec) in str(caught.value)
    with pytest.warns(BackendFallbackWarning, match=spec):
        assert xpnn.backend.resolve(spec).name == "numpy"


@pytest.mark.parametrize("spec", ["numpy:cuda!", "numpy:cuda! ", " numpy:cuda!"])
def test_exclamation_mark_counts_with_blanks_around_it(spec):
    with pytest.raises(BackendUnavailableError):
        xpnn.backend.resolve(spec)


def test_one_warning_in_a_process():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for spec in ("numpy:cuda", "numpy:mps", "numpy:cuda"):
            assert xpnn.backend.resolve(spec).spec == "numpy"
    assert [w.category for w in caught] == [BackendFallbackWarning]


@pytest.mark.parametrize("way", ["set", "use", "model", "to", "get"])
def test_warning_points_at_the_line_of_the_user(way, monkeypatch):
    def ask():
        if way == "set":
            xpnn.set_backend("numpy:cuda")
        elif way == "use":
            with xpnn.use_backend("numpy:cuda"):
                pass
        elif way == "model":
            xpnn.Sequential([xpnn.ReLU()], backend="numpy:cuda")
        elif way == "to":
            xpnn.Sequential([xpnn.ReLU()]).to("numpy:cuda")
        else:
            monkeypatch.setenv("XPNN_BACKEND", "numpy:cuda")
            xpnn.get_backend()

    with pytest.warns(BackendFallbackWarning) as caught:
        ask()
    assert [w.filename for w in caught] == [__file__]


def test_strict_mode(monkeypatch):
    monkeypatch.setenv("XPNN_BACKEND_STRICT", "1")
    with pytest.raises(BackendUnavailableError, match="numpy:cuda"):
        xpnn.backend.resolve("numpy:cuda")
    monkeypatch.setenv("XPNN_BACKEND_STRICT", "0")
    with pytest.warns(BackendFallbackWarning):
        xpnn.backend.resolve("numpy:cuda")


def test_an_error_carries_its_parts():
    error = BackendUnavailableError("abc", "it is not there", "Fetch it")
    assert (error.name, error.reason, error.remedy) == ("abc", "it is not there", "Fetch it")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert "'abc'" in str(error)
    assert "it is not there. Fetch it." in str(error)


# ---------------------------------------------------------------- without a GPU library

TRAIN = """
import xpnn
X, y = xpnn.datasets.spiral(20, seed=0)
model = xpnn.Sequential([xpnn.Dense(2, 3), xpnn.Softmax()], seed=0)
model.compile("categorical_cross_entropy", "sgd").fit(X, y)
xpnn.Sequential([xpnn.Dense(2, 3)]).to("cupy")
with xpnn.use_backend("cupy:1"):
    pass
print(model.backend.name, xpnn.get_backend().name, type(model.forward(X)).__module__)
"""


def test_fallback_is_one_warning_with_reason_and_remedy(no_cupy):
    done = run_python(
        TRAIN, "-W", "always", path=[no_cupy], environment={"XPNN_BACKEND": "cupy"}
    )
    assert done.stdout.split() == ["numpy", "numpy", "numpy"]
    assert done.stderr.count("BackendFallbackWarning") == 1
    assert "'cupy'" in done.stderr
    assert "there is no CuPy today" in done.stderr  # the reason
    assert "pip install 'cupy-cuda" in done.stderr  # the remedy


@pytest.mark.parametrize(
    "environment",
    [{"XPNN_BACKEND": "cupy", "XPNN_BACKEND_STRICT": "1"}, {"XPNN_BACKEND": "cupy!"}],
)
def test_strictly_it_is_an_error(no_cupy, environment):
    done = run_python(TRAIN, path=[no_cupy], environment=environment, code_expected=1)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("xpnn.backend.BackendUnavailableError: the backend 'cupy'")
    assert "there is no CuPy today" in last
    assert "pip install 'cupy-cuda" in last


def test_auto_takes_numpy_without_a_word(no_cupy):
    code = "import xpnn; print(xpnn.set_backend('auto'), xpnn.backend.resolve('auto!').name)"
    done = run_python(code, "-W", "error", path=[no_cupy])
    assert "numpy" in done.stdout
    assert done.stderr == ""


def test_available_backends_tells_all(no_cupy):
    code = """
        import xpnn
        for b in xpnn.available_backends():
            print(b.name, b.usable, b.device, b.version, b.reason, sep="|")
    """
    # libraries that are slow to import are replaced by broken ones
    for library in ("torch", "jax"):
        (no_cupy / library).mkdir()
        (no_cupy / library / "__init__.py").write_text("raise ImportError('broken today')")
    done = run_python(code, "-W", "error", path=[no_cupy])
    records = {line.split("|")[0]: line.split("|")[1:] for line in done.stdout.splitlines()}
    assert set(records) >= {"numpy", "cupy", "torch", "jax", STRICT}
    assert records["numpy"] == ["True", "cpu", np.__version__, ""]
    assert records[STRICT][0] == "True"
    for library in ("cupy", "torch", "jax"):
        assert records[library][:3] == ["False", "None", "None"]
        assert "today" in records[library][3]
        assert "pip install" in records[library][3]


# ------------------------------------------------------------------- third-party backends

MODULE = """
import array_api_compat.numpy as xp
import numpy as np
from xpnn.backend import Backend

class Halves(Backend):
    def to_numpy(self, x):
        return np.asarray(x)

def load(device):
    return Halves("halves", xp, None, "7.5")

def wrong(device):
    class Wrong(Halves):
        def to_numpy(self, x):
            return np.asarray(x) * 2
    return Wrong("wrong", xp, None, "1")

def nothing(device):
    return None
"""

ENTRY_POINTS = """
[xpnn.backends]
halves = third_party_backend:load
absent = no_such_module_at_all:load
lacking = third_party_backend:no_such_function
wrong = third_party_backend:wrong
nothing = third_party_backend:nothing
"""


@pytest.fixture
def third_party(tmp_path):
    """Make a folder for sys.path with a package installed in it that has backends."""
    info = tmp_path / "third_party_backend-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: third-party-backend\nVersion: 1.0\n"
    )
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    (tmp_path / "third_party_backend.py").write_text(MODULE)
    for library in ("cupy", "torch", "jax"):  # slow to import, and not looked at here
        (tmp_path / library).mkdir()
        (tmp_path / library / "__init__.py").write_text("raise ImportError('not today')")
    return tmp_path


def test_third_party_backend_trains_and_is_listed(third_party):
    code = TRAIN.replace('to("cupy")', 'to("numpy")').replace("cupy:1", "halves:7")
    code += (
        "\nprint(type(xpnn.get_backend()).__module__)"
        "\nprint([b for b in xpnn.available_backends() if b.name == 'halves'])"
        "\nassert model.predict(X).shape == (60, 3)"
    )
    done = run_python(
        code, "-W", "error", path=[third_party], environment={"XPNN_BACKEND": "halves"}
    )
    first, second, third = done.stdout.splitlines()
    assert first.split()[:2] == ["halves", "halves"]
    assert second == "third_party_backend"
    assert "usable=True" in third
    assert "version='7.5'" in third


@pytest.mark.parametrize("name", ["absent", "lacking", "wrong", "nothing"])
def test_third_party_backend_that_fails_is_unavailable(third_party, name):
    code = f"""
        import xpnn
        try:
            xpnn.set_backend("{name}!")
        except xpnn.BackendUnavailableError as error:
            print(error)
        print([b for b in xpnn.available_backends() if b.name == "{name}"])
    """
    done = run_python(code, path=[third_party])
    message, record = done.stdout.splitlines()
    assert f"'{name}'" in message
    told = {"absent": "no_such_module_at_all", "lacking": "no_such_function", "wrong": "111.1"}
    assert told.get(name, "") in message
    assert "usable=False" in record


def test_third_party_backend_is_among_the_known(third_party):
    done = run_python(
        "import xpnn; xpnn.set_backend('halve')", path=[third_party], code_expected=1
    )
    assert "did you mean 'halves'?" in done.stderr


# ---------------------------------------------------------------------------- importing

LAZY = {
    "cupy",
    "torch",
    "jax",
    "dpnp",
    "mlx",
    "numba",
    "llvmlite",
    "array_api_strict",
    "matplotlib",
    "tqdm",
    "click",
    "safetensors",
}
LAZY |= {"pooch", "requests", "sklearn", "tabulate"}


def test_import_brings_nothing_optional():
    done = run_python("import sys, xpnn; print(*sys.modules)")
    loaded = {module.partition(".")[0] for module in done.stdout.split()}
    assert "numpy" in loaded
    assert not loaded & LAZY


def test_a_first_training_on_numpy_brings_no_other_library():
    code = (
        TRAIN.partition("xpnn.Sequential([xpnn.Dense(2, 3)]).to")[0]
        + "import sys; print(*sys.modules)"
    )
    loaded = {module.partition(".")[0] for module in run_python(code).stdout.split()}
    assert "array_api_compat" in loaded
    others = {"cupy", "torch", "jax", "dpnp", "mlx", "numba", "array_api_strict"}
    assert not loaded & (others | {"matplotlib", "requests"})
