"""What the site needs beside its pages: mkdocs and griffe load this file, nothing else does.

Pages link to files of the repository by their paths, so that links work where the repository
is read.  On the site such a file becomes a page of its own, ``repository/PATH``: Markdown as
it is, code as a listing.
"""

from __future__ import annotations

import posixpath
import re
from functools import partial
from pathlib import Path
from typing import Any

import griffe
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PREFIX = "repository/"
HOME = {"README.md": "docs/index.md"}  # the two say the same

SOURCES: dict[str, str] = {}  # the files behind the pages that are made

# Fenced code and code in a line are matched so that links in them are left alone.
LINK = re.compile(
    r"(?ms)^ *```.*?^ *```|`[^`\n]+`|(?P<start>\]\()(?P<path>[^)\s#:]+)(?P<end>[^)\s:]*\))"
)


def _target(source: str, link: str) -> str | None:
    """Return the path in the repository that a link of the file ``source`` leads to."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
    if (ROOT / path).is_dir():
        path += "/README.md"
    path = HOME.get(path, path)
    return path if not path.startswith("..") and (ROOT / path).is_file() else None


def _page(path: str) -> str:
    """Return where in the site's sources a file of the repository is."""
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    if path.endswith("/README.md"):  # a page like the others, not the first one of a section
        return PREFIX + path.removesuffix("/README.md") + ".md"
    return PREFIX + path + ("" if path.endswith((".md", ".png")) else ".md")


def _named(page: str) -> str | None:
    """Return the file of the repository that a page of the navigation is made of."""
    found = (p for p in (f"{page}.md", f"{page}/README.md") if (ROOT / p).is_file())
    return next(found, None)


def _links(source: str) -> set[str]:
    text = (ROOT / source).read_text(encoding="utf-8")
    found = (_target(source, m["path"]) for m in LINK.finditer(text) if m["path"])
    return {path for path in found if path is not None}


def _file(path: str, config: MkDocsConfig) -> File:
    inclusion = InclusionLevel.NOT_IN_NAV
    if path.endswith((".md", ".png")):
        where = str(ROOT / path)
        return File.generated(config, _page(path), abs_src_path=where, inclusion=inclusion)
    text = (ROOT / path).read_text(encoding="utf-8")
    language = path.rpartition(".")[2]
    listing = (
        f"---\nsearch: {{exclude: true}}\n---\n# `{path}`\n\n`````{language}\n{text}\n`````\n"
    )
    return File.generated(config, _page(path), content=listing, inclusion=inclusion)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the repository's files that the navigation names, and all that are linked to."""
    named = re.findall(rf"{PREFIX}([\w./-]+)\.md", str(config.nav))
    waiting = {"docs/" + file.src_uri for file in files.documentation_pages()}
    waiting |= {path for path in map(_named, named) if path is not None}
    seen: set[str] = set()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        if path.endswith(".md"):
            waiting |= _links(path) - seen
        if not path.startswith("docs/"):
            SOURCES[_page(path)] = path
            files.append(_file(path, config))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links to files of the repository lead to their pages."""
    if page.parent is None:  # alone under its tab
        page.meta.setdefault("hide", ["navigation"])
    uri = page.file.src_uri
    source = SOURCES.get(uri, "docs/" + uri)

    def changed(match: re.Match[str]) -> str:
        path = _target(source, match["path"]) if match["path"] else None
        if path is None:
            return match[0]
        there = posixpath.relpath(_page(path), posixpath.dirname(uri) or ".")
        return match["start"] + there + match["end"]

    if uri in SOURCES:  # GitHub is content with three spaces under a number
        markdown = re.sub(r"(?m)^ {3}(?=(  )?\S)", "    ", markdown)
    return LINK.sub(changed, markdown)


class Docstrings(griffe.Extension):
    """Our docstrings in the words of Markdown.

    ``text::`` before an indented block is a colon, and a name in single backticks is a link
    where the site has that name.
    """

    def on_package(self, *, pkg: griffe.Module, loader: Any, **kwargs: Any) -> None:
        """Change the docstrings of a package before they are parsed."""
        waiting: list[griffe.Object] = [pkg]
        while waiting:
            thing = waiting.pop()
            waiting += [m for m in thing.members.values() if isinstance(m, griffe.Object)]
            if thing.docstring is not None:
                text = re.sub(r"::\n\n(?= )", ":\n\n", thing.docstring.value)
                thing.docstring.value = NAME.sub(partial(_link, thing), text)


NAME = re.compile(r"(?<!`)`([A-Za-z_][\w.]*)`(?!`)")


def _link(thing: griffe.Object, match: re.Match[str]) -> str:
    first, dot, rest = match[1].partition(".")
    try:
        where = thing.resolve(first) + dot + rest
    except griffe.NameResolutionError:
        return match[0]
    if not where.startswith("xpnn."):
        return match[0]
    return f'<autoref optional identifier="{where}"><code>{match[1]}</code></autoref>'
