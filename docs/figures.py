"""Puts figures that move (``docs/moving/``) into the site's pages: mkdocs loads this file."""

from __future__ import annotations

from typing import Any

from moving import with_figures


def on_page_content(html: str, **kwargs: Any) -> str:
    """Draw the figures for which a page asks."""
    return with_figures(html)
