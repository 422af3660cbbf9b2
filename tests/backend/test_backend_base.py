"""Numbers so small that a processor is slow with them: they are not remembered."""

import numpy as np
import pytest
from stepping import X, Y
from support import host
from tiny_numbers import MOMENTUM, check_no_denormal_numbers, dying, forgets, tiny


@pytest.mark.parametrize("optimizer", MOMENTUM, ids=str)
def test_no_denormal_numbers_are_remembered(backend, optimizer):
    check_no_denormal_numbers(backend, optimizer)


@pytest.mark.parametrize("optimizer", MOMENTUM, ids=str)
def test_forgetting_tiny_numbers_changes_no_parameter(backend, optimizer, monkeypatch):
    def train():
        model = dying(optimizer)
        model.fit(X, Y, epochs=832, batch_size=None)
        return model.parameters, tiny(model, optimizer)

    params, denormal = train()
    assert denormal == 0 or not forgets(backend)
    monkeypatch.setattr("xpnn.backend.base.FLUSH_EVERY", 1 << 40)
    wanted, denormal = train()
    if backend.name not in ("jax", "cupy"):  # whose compilers let the processor do it
        assert denormal > 0
    for p, q in zip(params, wanted):
        np.testing.assert_allclose(host(p), host(q), rtol=1e-5)
