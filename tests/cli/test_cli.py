"""The command xpnn, as a person meets it."""

import re

import pytest
from command_line import run
from processes import run_python

from xpnn.cli import main

pytestmark = pytest.mark.usefixtures("folder")


def test_help_is_there_and_imports_no_plots():
    for words in ([], ["--help"], *([name, "--help"] for name in main.commands)):
        assert "Usage: " in run(*words).stdout
    done = run_python(
        """
        import sys
        from click.testing import CliRunner
        from xpnn.cli import main
        assert CliRunner().invoke(main, ["--help"]).exit_code == 0
        print(sorted({"matplotlib", "tabulate", "tqdm", "pooch"} & set(sys.modules)))
        """
    )
    assert done.stdout == "[]\n"


def test_the_installed_command_speaks_for_itself(folder):
    code = "import sys; from xpnn.cli import main; sys.argv = ['xpnn', *{}]; main()"
    done = run_python(code.format(["train", "digits", "--backend", "numpi"]), code_expected=2)
    assert done.stdout == ""
    assert re.fullmatch(
        r"Error: unknown backend 'numpi'; did you mean 'numpy'\?.*\n", done.stderr
    )
    done = run_python(code.format(["train", "vertical", "--epochs", "5"]))
    assert done.stderr == ""  # no bar and no warning where nobody watches
    assert (folder / "model.safetensors").exists()
