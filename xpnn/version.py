"""The version of xpnn: that of pyproject.toml, which cards and ONNX files tell."""

__version__ = "0.1.0"
