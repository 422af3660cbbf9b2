"""The version of xpnn, which files that it writes tell; that of pyproject.toml is the same."""

__version__ = "0.1.0"
