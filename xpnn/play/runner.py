"""A thread that trains a session as it is told, and makes pictures of it for who is ready.

Training never waits for a page.  A picture is made when somebody can take one, some 22 times a
second, and takes at most a seventh of the time; where a page is slow, there are fewer.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from .backward import backward_pass
from .choices import Choices
from .picture import View, frame
from .session import Session

__all__ = ["Runner"]

PAUSE = 0.045
"""Seconds between two pictures, about: 22 in a second."""

SHARE = 1 / 7
"""The part of the time that pictures may take."""

MEASURED = 0.2
"""Seconds between two measurements, at least: nobody reads numbers faster."""

CHUNK = 0.01
"""About how many seconds are trained at least before somebody is listened to."""

Tell = Callable[[dict[str, Any] | bytes], None]
"""What takes what there is to tell: a picture as bytes, all else as plain data."""


class Abandoned(Exception):  # noqa: N818 - it is no error
    """Ends an epoch that nobody wants any more."""


class Runner:
    """Trains in a thread of its own.

    Parameters
    ----------
    session : Session
        What is shown first.
    tell : callable
        What takes what there is to tell; called in that thread.

    Attributes
    ----------
    ready : threading.Event
        Set it when somebody can take a picture; it is cleared when one is made.
    """

    def __init__(self, session: Session, tell: Tell) -> None:
        self._session, self._tell = session, tell
        self._view = View(session)
        self.ready = threading.Event()
        self._asked: deque[dict[str, Any]] = deque()
        self._something = threading.Condition()
        self._plays, self._steps, self._ends = False, 0, False
        self._later: dict[str, Any] | None = None
        self._next, self._measured, self._wrong = 0.0, 0.0, ""
        self._chunk, self._each = 1, CHUNK  # epochs at once, and the seconds of one
        self._took: deque[float] = deque(maxlen=8)
        self._with_network = False  # whether the last picture had the network
        self._thread = threading.Thread(target=self._run, name="xpnn play", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End, and wait for that."""
        self.ask({"do": "end"})
        self._thread.join()

    def ask(self, what: dict[str, Any]) -> None:
        """Ask for something.

        Parameters
        ----------
        what : dict
            Under "do" one of "play", "pause", "step", "epoch", "again", "choose" (with
            "choices"), "code", "sample" (with "row"), "show" and "end".
        """
        with self._something:
            self._asked.append(what)
            self._something.notify()

    # --------------------------------------------------------------------- the thread

    def _run(self) -> None:
        while not self._ends:
            try:
                if self._asked or not self._plays:
                    self._obey(self._wait())
                else:
                    self._train()
            except Exception as error:  # a page must go on, and tell of it
                self._plays, self._later = False, None
                self._session.diverged = f"{type(error).__name__}: {error}"
                self._state()
                self._problem(self._session.diverged)

    def _wait(self) -> dict[str, Any]:
        with self._something:
            while not self._asked:
                self._something.wait()
            return self._asked.popleft()

    def _train(self) -> None:
        """Train until it is time for a picture: each beginning costs what some epochs do."""
        seconds = max(self._next - time.perf_counter(), CHUNK)
        self._chunk = max(1, int(min(seconds / self._each, 2 * self._chunk)))
        self._go(self._chunk)

    def _go(self, epochs: int, *, by_steps: bool = False) -> None:
        """Train for some epochs; show what has become of it, if somebody can take it."""
        session = self._session
        between = self._between_steps if by_steps else self._between
        began = time.perf_counter()
        try:
            session.train(epochs, between, by_steps=by_steps)
        except Abandoned:
            return
        self._each = max(time.perf_counter() - began, 1e-4) / epochs
        if session.diverged:
            self._plays = False
            self._state()
            self._problem(session.diverged)
        self._show(must=not self._plays)
        if self._later is not None:
            later, self._later = self._later, None
            self._choose(later)

    def _between(self) -> None:
        """See, in the middle of a long epoch, whether it is wanted, and show how far it is."""
        for asked in [*self._asked]:
            if asked.get("do") in ("again", "end"):
                self._asked.remove(asked)
                self._obey(asked, within=True)
        self._show()

    def _between_steps(self) -> None:
        """Wait, after a step that was taken by itself, for what comes next."""
        self._steps -= 1
        if not self._goes_on():
            self._show(must=True)
        while not self._goes_on():
            self._obey(self._wait(), within=True)

    def _goes_on(self) -> bool:
        return self._steps > 0 or self._plays or self._later is not None

    # --------------------------------------------------------------- what is asked for

    def _obey(self, asked: dict[str, Any], *, within: bool = False) -> None:
        """Do what was asked for, also `within` an epoch."""
        do, session = asked.get("do"), self._session
        if do in ("play", "pause"):
            self._plays = do == "play" and not session.diverged
            self._state()
            self._show(must=do == "pause")
        elif do in ("step", "epoch"):
            self._plays, self._steps = False, 1 if do == "step" else session.steps_of_epoch
            self._state()
            if not within:
                self._go(1, by_steps=do == "step")
        elif do == "again":
            self._begin(session.choices, within)
        elif do == "choose":
            self._choose(asked, within)
        elif do == "end":
            self._ends = True
            if within:
                raise Abandoned
        elif do == "code":
            self._tell({"kind": "code", "text": session.code()})
        elif do == "show":
            self._tell(self._view.layout())
            self._state()
            self._problem(self._wrong)
            self._show(must=True)
        elif do == "sample":
            self._sample(asked.get("row"))

    def _sample(self, row: Any) -> None:
        rows = self._session.rows
        if not isinstance(row, int) or not 0 <= row < len(rows.X):
            return self._problem(f"there is no row {row!r}")
        X, y = rows.X[row : row + 1], rows.y[row : row + 1]
        passed = backward_pass(self._session.model, X, y)
        told = {"kind": "sample", "row": row, "y": float(y.reshape(-1)[0])}
        self._tell({**told, **passed})

    def _choose(self, asked: dict[str, Any], within: bool = False) -> None:
        session = self._session
        try:
            choices = Choices.of(asked.get("choices"))
        except (TypeError, ValueError) as error:
            return self._problem(str(error))
        if choices == session.choices:
            self._problem("")
        elif within and choices.goes_on_from(session.choices):
            self._later = asked  # the epoch is finished first
        elif session.choose(choices):
            self._tell(self._view.layout())
            self._show(must=True)
            self._problem("")
        else:
            self._begin(choices, within)

    def _begin(self, choices: Choices, within: bool) -> None:
        """Begin anew; where that can't be, all stays as it is."""
        try:
            session = Session(choices, self._session.own)
        except Exception as error:  # such as a table without numbers
            return self._problem(" ".join(str(error).split()))
        self._session, self._view = session, View(session)
        self._plays, self._chunk, self._later = False, 1, None
        self._took.clear()
        self._problem("")
        self._tell(self._view.layout())
        self._state()
        self._show(must=True)
        if within:
            raise Abandoned

    # ------------------------------------------------------------------ what is told

    def _problem(self, text: str) -> None:
        """Tell what is wrong; an empty text, that nothing is."""
        self._wrong = text
        self._tell({"kind": "problem", "text": text})

    def _state(self) -> None:
        self._tell({"kind": "state", "plays": self._plays})

    def _show(self, *, must: bool = False) -> None:
        """Make a picture, if somebody can take one and it is time, or it must be."""
        began = time.perf_counter()
        if not must and began < self._next - CHUNK / 2:  # too short to train meanwhile
            return
        whole = must or began >= self._measured
        if must or self.ready.is_set():
            self.ready.clear()
            # the network in every other picture, which is half of its cost, here and there
            self._with_network = whole or not self._with_network
            told = self._view.picture(network=self._with_network, whole=whole)
            self._tell(frame(*told))
            if not must:  # the first one of a session compiles what others run
                self._took.append(time.perf_counter() - began)
        elif whole:  # the curve goes on where nobody is ready
            self._view.note()
        if whole:
            self._measured = began + MEASURED
        # the least of some, because what else the machine does is not the picture's
        self._next = began + max(PAUSE, min(self._took, default=0) / SHARE)
