"""Running a piece of Python in a process of its own."""

import os
import subprocess
import sys
import textwrap

HANGS = 400
"""After how many seconds a program is taken to hang: a busy machine may make it slow."""


def run_python(code, *flags, path=(), environment=(), code_expected=0):
    """Run code and return the finished process; `path` is put in front of sys.path."""
    done = subprocess.run(
        command(code, *flags),
        env=surroundings(path, environment),
        capture_output=True,
        text=True,
        timeout=HANGS,
    )
    assert done.returncode == code_expected, done.stdout + done.stderr
    return done


def command(code, *flags):
    """Return the command that runs code; nothing of the working folder is importable."""
    return [sys.executable, "-P", *flags, "-c", textwrap.dedent(code)]


def surroundings(path=(), environment=()):
    """Return the environment of such a process."""
    paths = [*map(str, path), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **dict(environment)}
