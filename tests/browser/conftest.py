"""A real browser for the tests of pages: Debian's Chromium, without a window."""

import os
import shutil
from urllib.parse import urlsplit

import pytest


@pytest.fixture(scope="session")
def browser():
    """Chromium, one for each process of the tests."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path is not None, "these tests need Chromium: apt-get install chromium"
    # the sandbox wants rights that root in a container lacks
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=options)
        yield chromium
        chromium.close()


@pytest.fixture
def watched(browser):
    """Open addresses, each in a window of its own, and tell what went wrong there.

    Keyword arguments are Playwright's for a context, as ``viewport`` and ``color_scheme``.
    What is returned is the page and a list to which errors come, and addresses that are not on
    this machine.
    """
    contexts = []

    def opened(address, **settings):
        context = browser.new_context(**settings)
        contexts.append(context)
        page, problems = context.new_page(), []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: said.type == "error" and problems.append(said.text))
        page.on("request", lambda asked: leaves(asked.url) and problems.append(asked.url))
        page.goto(address)
        return page, problems

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def open_page(watched):
    """Open addresses as `watched` does; at the end nothing may have gone wrong."""
    seen = []

    def opened(address, **settings):
        page, problems = watched(address, **settings)
        seen.append(problems)
        return page

    yield opened
    assert not [problem for problems in seen for problem in problems]


def leaves(address):
    """Whether an address is not on this machine."""
    parts = urlsplit(address)
    here = parts.hostname in ("127.0.0.1", "localhost")
    return parts.scheme not in ("file", "data", "blob", "about") and not here
