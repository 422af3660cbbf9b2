"""The command ``xpnn backends``: which array libraries work here."""

from __future__ import annotations

import click

from ..backend import available_backends, resolve
from .options import backend_option
from .results import text_table
from .saying import say, where


@click.command()
@backend_option
def backends(backend: str | None) -> None:
    """List the array libraries: which work here, and if not, why and what to install."""
    used = resolve(backend)
    rows = [
        [
            info.name,
            "yes" if info.usable else "no",
            info.device or "",
            info.version or "",
            info.reason,
        ]
        for info in available_backends()
    ]
    headers = ["backend", "usable", "device", "version", "what is missing"]
    say(text_table(rows, headers, maxcolwidths=[None, None, 24, None, 60]))
    asked = f"--backend {backend}" if backend else "Without --backend, xpnn"
    say(f"{asked} uses {where(used)}")
