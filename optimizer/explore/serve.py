"""Serve the page on a free port of the loopback device, until it is told to stop."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from werkzeug.serving import BaseWSGIServer, make_server

from optimizer.explore.desk import Desk
from optimizer.explore.guard import Guard
from optimizer.explore.page import page
from optimizer.problem.explanation_words import Lang

LOOPBACK = "127.0.0.1"


@contextmanager
def serving(desk: Desk, lang: Lang = "en") -> Iterator[tuple[BaseWSGIServer, Guard]]:
    """A server, bound and not yet serving, and the guard that knows its address; it is closed at the end."""
    # Each request would be a line on stderr, the first with its token.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = page(desk, lang)
    server = make_server(LOOPBACK, 0, app.server, threaded=True)
    guard = Guard(port=server.server_port)
    guard.watch(app.server)
    try:
        yield server, guard
    finally:
        server.server_close()
