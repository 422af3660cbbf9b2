"""Which backends a run tests: XPNN_TEST_BACKENDS=numpy,torch; a named one must be usable."""

import gc
import os
import signal
from importlib import import_module

# Threads fight over two cores, and arrays in tests are small; read when NumPy is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# scikit-learn takes arrays of other libraries only if this was said before SciPy was imported.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import numpy as np
import pytest
from array_api_compat import is_array_api_obj

import xpnn
from xpnn.backend import resolve

# where modules that several test files share compare, a failure shows the values too
pytest.register_assert_rewrite("model_files", "resumed", "stepping", "ten_rows", "tiny_numbers")

SPECS = os.environ.get("XPNN_TEST_BACKENDS", "numpy,array_api_strict").split(",")

# What is about one library runs where a run names it; the other sessions don't install it.
TORCH = [
    f"test_torch_{part}.py"
    for part in ("fused", "graph", "group", "peer", "products", "stability")
]
JAX = ["test_jax.py", "test_jax_mesh.py", "test_jax_rows.py", "test_jax_found_in_the_field.py"]
DPNP, MLX = ["test_dpnp.py"], ["test_mlx.py"]
NUMBA = [f"test_numba_{part}.py" for part in ("passes", "rules", "steps", "trees")]
PEERS = [
    *(TORCH if "torch" in SPECS else []),
    *(JAX if any(spec.startswith("jax") for spec in SPECS) else []),
    *(DPNP if any(spec.startswith("dpnp") for spec in SPECS) else []),
    *(MLX if "mlx" in SPECS else []),
    *(NUMBA if "numba" in SPECS else []),
]
# In which rooms tests come out otherwise with other versions of packages; see `is_its_turn`.
OF_PACKAGES = {"data", "files", "plots", "tables"}
# And in which an array library computes and trains; in `tests` itself are those of the whole.
OF_LIBRARIES = {"backends", "layers", "losses", "optimizers", "tests"}
NOT_OF_LIBRARIES = ("docs", "export", "saving")
OF_ONE_LIBRARY = (*TORCH, *JAX, *DPNP, *MLX, *NUMBA)
collect_ignore = [f"backends/{name}" for name in OF_ONE_LIBRARY if name not in PEERS]


def pytest_collection_modifyitems(config, items):
    """Leave what is about no array library in particular to the run that tests NumPy.

    And leave what is about double precision to backends whose device has it.
    """
    usable = {spec: backend for spec in SPECS if (backend := loaded(spec)) is not None}
    single = {spec for spec, backend in usable.items() if not backend.has_float64}
    # scikit-learn asks an array for its namespace, where it doesn't know the library
    strange = {
        s for s, b in usable.items() if not is_array_api_obj(b.asarray([1.0], "float32"))
    }

    def is_of_this_run(item):
        given = item.callspec.params.values() if hasattr(item, "callspec") else ()
        named = {value for value in given if isinstance(value, str)} & {*SPECS}
        if named & single and (
            item.get_closest_marker("float64")
            or any(value is np.float64 or str(value) == "float64" for value in given)
        ):
            return False
        if named & strange and item.path.name == "test_sklearn_arrays.py":
            return False
        peers = (*PEERS, "test_sklearn_checks.py")
        return "numpy" in SPECS or item.path.name in peers or bool(named)

    if "MUTANT_UNDER_TEST" in os.environ:  # which asks for tests by their names in one process
        assert not [item.nodeid for item in items if "\\n" in item.nodeid], "give it an id"
    cases, done = os.environ.get("XPNN_TEST_CASES", "all"), set()

    def is_its_turn(item):
        """Whether a case is run: all are, or the first of each test, or of some tests all.

        ``XPNN_TEST_CASES=first`` shows that all is there and runs, as on another Python;
        ``packages`` does so with all cases where tables, files and pictures are, and
        ``libraries`` where a backend computes and trains.
        """
        test = item.path, getattr(item, "originalname", item.name)
        is_first = test not in done
        done.add(test)
        room, name = item.path.parent.name, item.path.name
        chosen = {
            "all": True,
            "first": False,
            "packages": room in OF_PACKAGES or "export" in name,
            "libraries": room in OF_LIBRARIES and not any(a in name for a in NOT_OF_LIBRARIES),
        }
        return is_first or chosen[cases]

    here = {item: is_of_this_run(item) and is_its_turn(item) for item in items}
    items[:] = [item for item in items if here[item]]
    config.hook.pytest_deselected(items=[item for item in here if not here[item]])


def pytest_collection_finish(session):
    """Let the collector pass over all that was imported: many tests wait for it."""
    gc.collect()
    gc.freeze()


def loaded(spec):
    """Return a backend, or None: each test says of one that can't run why not."""
    try:
        return load(spec)
    except (xpnn.BackendUnavailableError, ValueError):
        return None


def pytest_configure(config):
    config.addinivalue_line("markers", "float64: needs a device with double precision")
    # What a shell starts with & may ignore Ctrl-C, and so would the processes that tests start.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Most tests make a small network anew: JAX compiles each kind once, not each time.
    if hasattr(config, "cache"):  # which -p no:cacheprovider leaves out
        os.environ["XPNN_CACHE_DIR"] = str(config.cache.mkdir("xpnn"))  # never the user's
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(config.cache.mkdir("jax")))
        os.environ.setdefault("SYCL_CACHE_DIR", str(config.cache.mkdir("sycl")))
        os.environ.setdefault("SYCL_CACHE_PERSISTENT", "1")  # as each process does else
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
    # What the environment says must not decide which backend a test runs on.
    for name in ("XPNN_BACKEND", "XPNN_BACKEND_STRICT", "XPNN_DATA"):
        os.environ.pop(name, None)


def load(spec):
    """Return a backend for tests, at its strictest; one that can't run is an error."""
    if spec == "array_api_strict":
        import array_api_strict

        array_api_strict.set_array_api_strict_flags(
            boolean_indexing=False, data_dependent_shapes=False, enabled_extensions=()
        )
        # not its default device: arrays made without device= and read without asking fail
        spec = "array_api_strict:device1"
    # most fits in tests are short, and what they test shall be what is played back
    import_module("xpnn.backends._recurring").STEPS_BEFORE_RECORDING = 1
    return resolve(f"{spec}!")


@pytest.fixture(params=SPECS)
def backend(request):
    """Each backend of this run, in use."""
    with xpnn.use_backend(load(request.param)) as current:
        yield current


@pytest.fixture(params=SPECS)
def other(request):
    """Each backend of this run, a second time, to go from one to the other."""
    return load(request.param)


@pytest.fixture
def fresh_book(monkeypatch):
    """Let what `nnfs.init` sets in the process, and in NumPy, last for one test."""
    from xpnn.nnfs import settings

    monkeypatch.setattr(np.random, "randn", np.random.randn)
    monkeypatch.setattr(settings, "_settings", settings._Settings())


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder to work in, in a process that has not warned of a fallback yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("xpnn.backend.finding._warned", False)
    return tmp_path


first_states = {}


@pytest.fixture(autouse=True)
def same_draws(request):
    """Let each test, and each of its cases, draw the same from its file's ``rng``.

    Otherwise what a test draws would depend on which tests ran before it in the same process.
    """
    generator = getattr(request.module, "rng", None)
    if isinstance(generator, np.random.Generator):
        state = first_states.setdefault(generator, generator.bit_generator.state)
        generator.bit_generator.state = state


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    """Each dtype that a model can have."""
    return request.param


if all(spec.startswith(("jax", "mlx")) for spec in SPECS):  # scikit-learn takes none of theirs
    collect_ignore += ["sklearn/test_sklearn_arrays.py", "sklearn/test_sklearn_checks.py"]

if SPECS == ["numba"]:  # whose arrays are NumPy's
    collect_ignore.append("sklearn/test_sklearn_checks.py")

if any(spec.startswith("cupy") for spec in SPECS):  # what stands in for it would get in its way
    collect_ignore.append("backends/test_cupy_stand_in.py")

if not os.environ.get("XPNN_TEST_BROWSER"):  # needs Chromium
    collect_ignore.append("browser")

if not os.environ.get("XPNN_TEST_CUPY_OFFLINE"):  # needs CuPy and NVRTC, but no GPU
    collect_ignore.append("backends/test_cupy_offline.py")
