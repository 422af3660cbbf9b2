"""The door of the package."""

import subprocess
import sys


def test_without_scikit_learn_the_import_says_what_to_install():
    code = "import sys; sys.modules['sklearn'] = None; import xpnn; xpnn.sklearn"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "needs scikit-learn" in done.stderr.splitlines()[-1]
