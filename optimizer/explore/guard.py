"""Who may ask: whoever was shown the address with its token, from this machine, under its own name; nobody else.

    first request     /?token=…  → a cookie (HttpOnly, SameSite=Strict), and on to /; the token is spent
    each request      the cookie, a Host that is this page's, and from a page only its own Origin; else 403

The Host keeps out pages whose name was made to point here (DNS rebinding), the Origin other programs' pages on this machine,
which share its cookies (https://datatracker.ietf.org/doc/html/rfc6265#section-8.5).
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field

from flask import Flask, Response, abort, request

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing from elsewhere; Dash starts with a script on its page, and plotly compiles some of its own."""

ONWARD = '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/"><title>bursar</title>'


@dataclass(slots=True)
class Guard:
    """What a browser must show.

    Attributes
    ----------
    port : where the page is served; known once the socket is bound.
    token : in the address that is printed; it opens the page once.
    """

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    _session: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    _spent: bool = False

    @property
    def url(self) -> str:
        """The address to open."""
        return f"http://127.0.0.1:{self.port}/?token={self.token}"

    def watch(self, server: Flask) -> None:
        """Let nothing through that does not show what it must."""
        server.before_request(self._check)
        server.after_request(_sealed)

    @property
    def _cookie(self) -> str:
        # Cookies know no ports: another page of this machine must not overwrite it.
        return f"bursar-{self.port}"

    def _check(self) -> Response | None:
        hosts = (f"127.0.0.1:{self.port}", f"localhost:{self.port}")
        origin = request.headers.get("Origin")
        if request.headers.get("Host") not in hosts or (
            origin is not None and origin not in [f"http://{host}" for host in hosts]
        ):
            abort(403)
        if _same(request.cookies.get(self._cookie, ""), self._session):
            return None
        if request.method != "GET" or request.path != "/" or self._spent or not _same(request.args.get("token", ""), self.token):
            abort(403)
        self._spent = True
        onward = Response(ONWARD, mimetype="text/html")
        onward.set_cookie(self._cookie, self._session, httponly=True, samesite="Strict", path="/")
        return onward


def _same(shown: str, secret: str) -> bool:
    return hmac.compare_digest(shown.encode(), secret.encode())


def _sealed(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response
