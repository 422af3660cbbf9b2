"""The array libraries that xpnn knows, a module each; shipped as ``xpnn.backends``.

Each module has one function, ``load(device) -> Backend``, which raises
`BackendUnavailableError` with the reason and the remedy where its library can't run.
Nothing here keeps state, and nothing in ``xpnn/`` imports from here by name.
"""

if __name__ != "xpnn.backends":
    raise ImportError(
        f"this package is xpnn.backends, not {__name__}: install xpnn (pip install -e .)"
    )

AUTO = ("cupy", "numpy")
"""What the spec ``"auto"`` tries, in this order; the last one always works."""

ELSEWHERE = {
    "np": "numpy",
    "cpu": "numpy",
    "pytorch": "torch",
    "cuda": "torch:cuda",
    "gpu": "auto",
    "tpu": "jax",
    "intel": "dpnp",
    "sycl": "dpnp",
    "apple": "mlx",
    "metal": "mlx",
    "strict": "array_api_strict",
}
"""What people write for a backend that has another name here."""
