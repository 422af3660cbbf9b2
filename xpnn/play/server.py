"""The page and its socket, on this machine alone; needs Tornado.

Who comes must know the token, as with notebooks, and must have asked for this machine by its
name, so that no other page in the browser gets in.  The page fetches nothing but itself, and
its headers tell the browser to hold it to that.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
from importlib.resources import files
from typing import Any

from ..backend.finding import shipped
from ..layers.activations import ACTIVATIONS
from ..version import __version__
from .choices import DATA, optimizer_settings, optimizers
from .rows import OwnTable
from .runner import Runner
from .session import Session

try:
    from tornado.httpserver import HTTPServer
    from tornado.web import Application, RequestHandler
    from tornado.websocket import WebSocketClosedError, WebSocketHandler
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "the page needs Tornado, which is not installed: pip install 'xpnn[play]'"
    ) from error

__all__ = ["Server"]

HERE = "127.0.0.1"

LARGEST = 1 << 16
"""Bytes that a page may send at once."""

COMING = 2
"""How many pictures may be on their way to a page, so that none waits for an answer."""

SCRIPTS = ("drawing.js", "network.js", "controls.js", "page.js")


class Server:
    """A page about a session.

    Parameters
    ----------
    session : Session
        What is shown first.
    port : int
        Where it is; 0 is any that is free.

    Attributes
    ----------
    address : str
        Where a browser finds it, token included.

    Raises
    ------
    OSError
        If the port is taken.
    """

    def __init__(self, session: Session, port: int = 0) -> None:
        self._socket = socket.create_server((HERE, port))
        self._socket.setblocking(False)
        self.port = self._socket.getsockname()[1]
        self.token = secrets.token_urlsafe(24)
        self.address = f"http://{HERE}:{self.port}/?token={self.token}"
        self.runner = Runner(session, self._tell)
        self.options = _options(session.own)
        self._pages: list[Socket] = []
        self._picture, self._number = b"", 0

    async def run(self) -> None:
        """Serve, until it is cancelled."""
        self._loop = asyncio.get_running_loop()
        known = {"server": self}
        application = Application(
            [("/", Page, known), ("/socket", Socket, known)],
            log_function=lambda handler: None,
            websocket_max_message_size=LARGEST,
        )
        server = HTTPServer(application)
        server.add_socket(self._socket)
        self.runner.start()
        try:
            await asyncio.Event().wait()
        finally:
            server.stop()
            self.runner.close()

    def admits(self, request: Any) -> bool:
        """Whether somebody may come in."""
        hosts = (f"{HERE}:{self.port}", f"localhost:{self.port}")
        given = request.query_arguments.get("token", [b""])[-1]
        return request.host in hosts and secrets.compare_digest(given, self.token.encode())

    # ------------------------------------------------------------------ what is told

    def _tell(self, told: dict[str, Any] | bytes) -> None:
        """Take what there is to tell, in the runner's thread."""
        self._loop.call_soon_threadsafe(self._pass_on, told)

    def _pass_on(self, told: dict[str, Any] | bytes) -> None:
        if isinstance(told, bytes):
            self._picture, self._number = told, self._number + 1
            for page in self._pages:
                self.show(page)
        else:
            for page in self._pages:
                page.send(json.dumps(told))

    def show(self, page: Socket) -> None:
        """Send a page the newest picture, if it has seen those before; ask for another one."""
        if page.coming < COMING and page.shown < self._number:
            page.shown, page.coming = self._number, page.coming + 1
            page.send(self._picture)
        if page.coming < COMING:
            self.runner.ready.set()

    def comes(self, page: Socket) -> None:
        """Begin to show things on a page."""
        page.send(json.dumps(self.options))
        page.shown = self._number
        self._pages.append(page)
        self.runner.ask({"do": "show"})

    def leaves(self, page: Socket) -> None:
        """Forget a page; where nobody looks, nothing goes on."""
        if page in self._pages:
            self._pages.remove(page)
            if not self._pages:
                self.runner.ask({"do": "pause"})


class Guarded(RequestHandler):
    """What only those see who know the token."""

    def initialize(self, server: Server) -> None:
        """Note who serves."""
        self.server = server
        self.nonce = secrets.token_urlsafe(12)
        for name, value in {
            "Cache-Control": "no-store",
            "Content-Security-Policy": (
                f"default-src 'none'; script-src 'nonce-{self.nonce}'; style-src "
                f"'nonce-{self.nonce}'; img-src data:; connect-src 'self' "
                f"ws://{HERE}:{server.port} ws://localhost:{server.port}; base-uri 'none'; "
                "form-action 'none'; frame-ancestors 'none'"
            ),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }.items():
            self.set_header(name, value)

    def prepare(self) -> None:
        """Turn away who does not know the token."""
        if not self.server.admits(self.request):
            self.set_status(403)
            self.finish("Open the address that xpnn play has printed, with its token.\n")


class Page(Guarded):
    """The page, whole."""

    def get(self) -> None:
        """Send it."""
        folder = files("xpnn.play")
        read = {
            name: folder.joinpath(name).read_text("utf-8")
            for name in ("page.html", "page.css", *SCRIPTS)
        }
        page = read["page.html"].replace("NONCE", self.nonce)
        page = page.replace("/* STYLE */", read["page.css"])
        self.finish(page.replace("/* SCRIPT */", "\n".join(read[name] for name in SCRIPTS)))


class Socket(Guarded, WebSocketHandler):
    """The way on which a page asks, and is told.

    Attributes
    ----------
    shown : int
        The number of the last picture that was sent.
    coming : int
        How many pictures the page has not drawn yet.
    """

    shown, coming = 0, 0

    def open(self) -> None:
        """Begin."""
        self.set_nodelay(True)
        self.server.comes(self)

    def on_message(self, message: str | bytes) -> None:
        """Do what a page asks for; what is none of that is left out."""
        try:
            asked = json.loads(message)
        except ValueError:
            return
        if not isinstance(asked, dict):
            return
        if asked.get("do") == "seen":
            self.coming = max(0, self.coming - 1)
            self.server.show(self)
        elif asked.get("do") != "end":
            self.server.runner.ask(asked)

    def on_close(self) -> None:
        """End."""
        self.server.leaves(self)

    def send(self, message: str | bytes) -> None:
        """Send something; where the page has gone, nothing."""
        try:
            sent = self.write_message(message, binary=isinstance(message, bytes))
            sent.add_done_callback(lambda done: done.exception())
        except WebSocketClosedError:
            self.server.leaves(self)


def _options(own: OwnTable | None) -> dict[str, Any]:
    """Return what can be chosen."""
    table = None
    if own is not None:
        table = {
            "path": own.path,
            "columns": own.columns,
            "numbers": own.numbers,
            "target": own.target,
        }
    return {
        "kind": "options",
        "data": [*DATA],
        "table": table,
        "activations": [*ACTIVATIONS],
        "optimizers": {name: optimizer_settings(kind) for name, kind in optimizers().items()},
        "backends": shipped(),
        "version": __version__,
    }
