# /// script
# dependencies = ["nox>=2025.2"]
# ///
"""What a contributor must pass: bare `nox`.  One array library a session, nothing skipped."""

import os
import shutil
from pathlib import Path

import nox
from packaging.requirements import Requirement

nox.needs_version = ">=2025.2"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.error_on_external_run = True
nox.options.error_on_missing_interpreters = False  # a Python that is not here is not tested

PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PROJECT)  # the classifiers say which are supported

RUNS = [
    nox.param(None, "numpy", "test", id="numpy"),
    nox.param(None, "array_api_strict", "test", id="strict"),
    nox.param(None, "torch", "test,torch", id="torch"),
    nox.param(None, "jax", "test,jax", id="jax"),
    nox.param(None, "dpnp", "test,dpnp", id="dpnp"),
    nox.param(None, "mlx", "test,mlx", id="mlx"),
    nox.param(None, "numba", "test,numba", id="numba"),
    *(nox.param(version, "numpy", "test", id=f"numpy-{version}") for version in PYTHONS),
    nox.param(PYTHONS[0], "numpy", "test", id="oldest"),
    nox.param(PYTHONS[0], "jax", "test,jax", id="oldest-jax"),
]
"""On which Python, which array library, and what of pyproject.toml it needs."""


def find_interpreters() -> None:
    """Put the interpreters on the path that pyenv has installed, but not switched on."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    installed = [bin for version in PYTHONS for bin in root.glob(f"versions/{version}.*/bin")]
    os.environ["PATH"] = os.pathsep.join([*map(str, installed), os.environ["PATH"]])


find_interpreters()
NEWEST = next((name for name in reversed(PYTHONS) if shutil.which(f"python{name}")), None)
"""The newest Python that is here, or None for the one that runs nox."""


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, that imports point down, and the picture of it; see docs/architecture.md."""
    session.install("-e", ".[lint]")
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")
    session.run("lint-imports", "--no-cache")
    session.run("python", "docs/floors.py", "--check")


@nox.session
def typecheck(session: nox.Session) -> None:
    """Check types, strictly."""
    session.install("-e", ".[lint]")
    session.run("mypy", *session.posargs)


@nox.session
@nox.parametrize("python, backend, extras", RUNS)
def tests(session: nox.Session, backend: str, extras: str) -> None:
    """Run the tests on one array library, or with the oldest packages that may be used.

    A session of a library is about what it computes, so that it has the tests which use a
    backend; what is about no library runs with NumPy.  The oldest packages are about what other
    packages are asked: all cases of files, tables and pictures, and elsewhere the first case of
    each test, as the others compute with functions that NumPy has had for long, and the oldest
    scikit-learn is nearly the newest.
    What the documentation shows is as new packages print it.
    """
    options, env = [], {"XPNN_TEST_BACKENDS": backend}
    # that are the same for each, and have a session
    ignored = ["--ignore=tests/test_examples.py"]
    if "oldest" in session.name:
        options = ["--constraint", oldest(session, extras)]
        env["XPNN_TEST_CASES"] = "packages"
        ignored.append("--ignore=tests/test_docs.py")
    elif session.python:  # the newest that this Python has
        options = ["--upgrade", "numpy"]
    session.install("-e", f".[{extras}]", *options)
    session.run("pytest", "-n2", *ignored, *session.posargs, env=env)


def oldest(session: nox.Session, extras: str) -> str:
    """Write a file with the lower bounds that pyproject.toml promises to be enough."""
    promised = [*PROJECT["project"]["dependencies"]]
    for extra in extras.split(","):
        promised += PROJECT["project"]["optional-dependencies"][extra]
    bounds = [
        f"{requirement.name}=={bound.version}"
        for requirement in map(Requirement, promised)
        for bound in requirement.specifier
        if bound.operator == ">="
    ]
    file = Path(session.create_tmp()) / "oldest.txt"
    file.write_text("\n".join(bounds), encoding="utf-8")
    return str(file)


@nox.session(default=False)
def gpu(session: nox.Session) -> None:
    """Run the tests with CuPy and torch, on a machine with an NVIDIA GPU and CUDA 13."""
    session.install("-e", ".[test,cuda13,torch]")
    env = {"XPNN_TEST_BACKENDS": "cupy,torch:cuda"}
    session.run("pytest", "-n4", *session.posargs, env=env)


@nox.session(default=False)
def cupy_offline(session: nox.Session) -> None:
    """Check, without a GPU, what CuPy lets one check: names, kernels compiled for sm_90."""
    wheels = ["cupy-cuda13x==14.2.*", "nvidia-cuda-nvrtc==13.*", "nvidia-cublas==13.*"]
    wheels += ["nvidia-nccl-cu13"]
    session.install("-e", ".[test]", *wheels)
    env = {"XPNN_TEST_CUPY_OFFLINE": "1", "XPNN_TEST_BACKENDS": "numpy"}
    session.run("pytest", "tests/backends/test_cupy_offline.py", *session.posargs, env=env)


@nox.session(default=False)
def browser(session: nox.Session) -> None:
    """Look at pages as a reader does, in Chromium, which Debian has as ``chromium``."""
    session.install("-e", ".[test,browser,docs]")
    env = {"XPNN_TEST_BROWSER": "1", "XPNN_TEST_BACKENDS": "numpy"}
    session.run("pytest", "-n2", "tests/browser", *session.posargs, env=env)


@nox.session(default=False)
def book(session: nox.Session) -> None:
    """Run the scripts of the book's chapter 6 to their ends, 300,000 iterations."""
    session.install("-e", ".[test]")
    env = {"XPNN_TEST_BOOK": "1", "XPNN_TEST_BACKENDS": "numpy"}
    session.run("pytest", "tests/nnfs/test_nnfs_search.py", *session.posargs, env=env)


@nox.session
def examples(session: nox.Session) -> None:
    """Run every example, as its own docstring says, on the quick setting."""
    session.install("-e", ".[test]")
    session.run("pytest", "tests/test_examples.py", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation in site/; a warning is an error."""
    session.install("-e", ".[docs]")
    # mkdocs-material announces its end, in May 2027, at each build; pyproject.toml keeps to
    # versions that build this site, and its authors' Zensical reads the same mkdocs.yml
    env = {"NO_MKDOCS_2_WARNING": "1"}
    session.run("mkdocs", "build", "--strict", *session.posargs, env=env)


@nox.session(default=False)
def benchmarks(session: nox.Session) -> None:
    """Measure xpnn and its peers; see benchmarks/README.md for what may follow ``--``."""
    session.install("-e", ".[benchmark]")
    session.run("python", "benchmarks/run.py", *session.posargs)


@nox.session(default=False)
def races(session: nox.Session) -> None:
    """Let threads train, save, read and move one model; how many seconds may follow ``--``."""
    session.install("-e", ".[test,torch,jax]")
    backends = [f"--backend={name}" for name in ("numpy", "torch", "jax")]
    session.run("python", "reliability/races.py", *session.posargs)
    session.run("python", "reliability/races.py", *backends, *session.posargs)


@nox.session(default=False)
def kills(session: nox.Session) -> None:
    """Kill trainings at random moments, which must end alike; ``-- 200`` says how many."""
    session.install("-e", ".")
    session.run("python", "reliability/kills.py", *session.posargs)


@nox.session(default=False)
def hosts(session: nox.Session) -> None:
    """Train on two hosts, cut one off, and go on; root makes them, as network namespaces."""
    session.install("-e", ".[test,torch]")
    session.run("python", "reliability/hosts.py", *session.posargs)


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Try odd model files, checkpoints, tables and options; ``-- 2000`` says how many."""
    session.install("-e", ".[test]")
    session.run("python", "reliability/fuzz.py", *session.posargs)
    session.run("python", "reliability/fuzz_command.py", *session.posargs)


@nox.session(default=False)
def mutation(session: nox.Session) -> None:
    """Change the mathematics in small ways, which a test must notice; ``-- xpnn.losses*``."""
    session.install("-e", ".[test]", "mutmut>=3.8", "pytest-timeout>=2.3")
    env = {
        "XPNN_TEST_BACKENDS": "numpy,array_api_strict",  # which has dtypes and devices
        "PYTEST_ADDOPTS": "--timeout=25",  # seconds of a test, for loops that became endless
    }
    session.run("mutmut", "run", *session.posargs, env=env)
    session.run("mutmut", "results")


@nox.session(python=NEWEST)
def dist(session: nox.Session) -> None:
    """Build the sdist and from it the wheel, and test what it installs in the newest Python.

    It is about whether all is there and runs on that Python, so that each test runs with its
    first case: which numbers come out, the packages decide, which are those of other sessions.
    """
    session.install("build")
    folder = Path(session.create_tmp())
    for old in folder.glob("*.whl"):
        old.unlink()
    session.run("python", "-m", "build", "--outdir", str(folder))
    (wheel,) = folder.glob("*.whl")
    session.install("--force-reinstall", f"{wheel}[test]")
    # not the checkout's xpnn/, which lacks backends/ unless it is installed with -e
    env = {"XPNN_TEST_BACKENDS": "numpy", "PYTHONSAFEPATH": "1", "XPNN_TEST_CASES": "first"}
    # what these run is a checkout's
    ignored = [f"--ignore=tests/test_{name}.py" for name in ("docs", "examples", "reliability")]
    session.run("python", "-m", "pytest", "-n2", *ignored, env=env)


if __name__ == "__main__":
    nox.main()
