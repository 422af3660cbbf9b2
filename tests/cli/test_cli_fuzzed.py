"""Odd tables and wild options end well, or with one line and status 2."""

import importlib.util
from pathlib import Path

import pytest

PATH = Path(__file__).parents[2] / "reliability" / "fuzz_command.py"


def test_some_cases(folder, capsys):
    spec = importlib.util.spec_from_file_location("fuzz_command", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    models = module.train_models(folder)
    failed = [case for n in range(40) if (case := module.run_case(n, models))[1] is not None]
    assert failed == []
    # and what ends badly would be seen
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("xpnn.cli.train_table.read", lambda data: 1 / 0)
        wrong = [module.run_case(n, models)[1] for n in range(12)]
    assert any("ZeroDivisionError" in said for said in wrong if said)
