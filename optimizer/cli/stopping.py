"""Ctrl-C or SIGTERM → an exception → everything unwinds → exit code 128 + the signal's number, as a shell counts.

Python raises between its own steps only, and a solver's search may be one long step. A watcher that waits for signals ends the
process where the exception is not raised within `GRACE` seconds; that leaves what a kill leaves, no more (`edge/folder.py`).
"""

from __future__ import annotations

import _thread
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

GRACE = 3.0
"""Seconds that the step in hand may take; a signal within as many after the first changes nothing: it unwinds already."""

NOTHING = "nothing was written"
SHOW_CURSOR = "\x1b[?25h"
"""What a progress bar that is ended in mid-air still owes the terminal."""


class Terminated(KeyboardInterrupt):
    """SIGTERM: as Ctrl-C, for whatever unwinds."""


class Stopped(BaseException):
    """A command was stopped, on its way through the command line's own handling of errors.

    Attributes
    ----------
    exit_code : 130 for SIGINT, 143 for SIGTERM.
    """

    def __init__(self, interrupt: BaseException) -> None:
        self.exit_code = 128 + (signal.SIGTERM if isinstance(interrupt, Terminated) else signal.SIGINT)
        super().__init__(f"stopped; {'; '.join(getattr(interrupt, '__notes__', ())) or NOTHING}")


class Stopping:
    """What asked the process to stop, and when the exception for it was raised.

    Attributes
    ----------
    raised : the exception, once it was; what else is raised after it may be its disguise, as in an import that failed for it.
    over : whether the process ends with the command: what asks it to stop while Python goes down comes too late to matter.
    """

    def __init__(self) -> None:
        self.raised: KeyboardInterrupt | None = None
        self.over = False
        self._last = -float("inf")

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Raise what the signal means, unless it was raised just now: a second one must not interrupt the cleaning up."""
        now = time.monotonic()
        if now - self._last < GRACE:
            return
        self._last = now
        self.raised = Terminated() if number == signal.SIGTERM else KeyboardInterrupt()
        raise self.raised

    def watch(self, signals: socket.socket) -> None:
        """End the process at a signal that does not become an exception."""
        while received := signals.recv(1):
            number, arrived = received[0], time.monotonic()
            # What was raised shortly before it arrived here may be what it was raised for.
            while self._last < arrived - GRACE and number in (signal.SIGINT, signal.SIGTERM):
                if time.monotonic() > arrived + GRACE:
                    cursor = SHOW_CURSOR if sys.stderr.isatty() else ""
                    os.write(2, f"{cursor}stopped; {NOTHING}\n".encode())
                    os._exit(128 + number)
                time.sleep(0.05)
        signals.close()

    def unraisable(self, args: Any) -> None:
        """Raise again what was raised where nothing can be, in a destructor; the rest goes the usual way."""
        if not isinstance(args.exc_value, KeyboardInterrupt):
            sys.__unraisablehook__(args)
            return
        self._last = -float("inf")
        number = signal.SIGTERM if isinstance(args.exc_value, Terminated) else signal.SIGINT
        # By another thread: here it would be raised in this hook, and be lost again.
        threading.Timer(0.01, _thread.interrupt_main, (number,)).start()


@contextmanager
def stoppable() -> Iterator[Stopping]:
    """Make SIGINT and SIGTERM exceptions, for the length of a command; what is ignored, as under nohup, stays so."""
    stopping = Stopping()
    if threading.current_thread() is not threading.main_thread():
        yield stopping
        return
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    hook, sys.unraisablehook = sys.unraisablehook, stopping.unraisable
    woken = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    asked = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stopping) for number in asked}
    threading.Thread(target=stopping.watch, args=(reader,), name="signals", daemon=True).start()
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if stopping.over else handler)
        signal.set_wakeup_fd(woken)
        sys.unraisablehook = hook
        writer.close()
