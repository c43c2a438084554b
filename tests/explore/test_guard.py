"""Who may ask: the holder of the token, once; then of the cookie; under the page's own name, from this machine."""

import http.client
import socket
import threading

import pytest

from optimizer.explore.desk import Desk
from optimizer.explore.serve import serving
from optimizer.options import Options

ASKS = ("GET", "/"), ("GET", "/_dash-layout"), ("POST", "/_dash-update-component"), ("GET", "/assets/style.css")


@pytest.fixture
def guard(folder):
    with serving(Desk.of(folder / "small.yaml", Options())) as (server, guard):
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield guard
        server.shutdown()
        thread.join()


def ask(guard, method, path, **headers):
    line = http.client.HTTPConnection("127.0.0.1", guard.port, timeout=30)
    line.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = line.getresponse()
    answer.read()
    line.close()
    return answer


def admitted(guard):
    """The cookie that the token is exchanged for."""
    return ask(guard, "GET", f"/?token={guard.token}").headers["Set-Cookie"]


def test_without_a_token_or_with_a_wrong_one_everything_is_refused(guard):
    for method, path in ASKS:
        assert ask(guard, method, path).status == 403
        assert ask(guard, method, path, Cookie=f"bursar-{guard.port}=guessed").status == 403
    assert ask(guard, "GET", "/?token=guessed").status == 403
    assert ask(guard, "GET", "/?token=%C3%A9").status == 403


def test_the_token_opens_the_page_once_and_leaves_a_cookie_that_no_script_and_no_other_site_has(guard):
    cookie = admitted(guard)
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert guard.token not in cookie
    assert ask(guard, "GET", f"/?token={guard.token}").status == 403
    page = ask(guard, "GET", "/", Cookie=cookie.split(";")[0])
    assert page.status == 200
    assert page.headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert page.headers["Referrer-Policy"] == "no-referrer"


def test_another_name_for_this_machine_or_a_page_from_elsewhere_is_refused(guard):
    cookie = admitted(guard).split(";")[0]
    for host in ("evil.example", f"evil.example:{guard.port}", "127.0.0.1", f"127.0.0.1:{guard.port + 1}"):
        assert ask(guard, "GET", "/", Host=host, Cookie=cookie).status == 403
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{guard.port + 1}"):
        assert ask(guard, "POST", "/_dash-update-component", Origin=origin, Cookie=cookie).status == 403
    assert ask(guard, "GET", "/", Host=f"localhost:{guard.port}", Cookie=cookie).status == 200


def test_no_other_address_of_this_machine_answers(guard):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        try:
            # Nothing is sent: this only asks which of the machine's addresses would be used.
            line.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no other address")
        own = line.getsockname()[0]
    if own.startswith("127."):
        pytest.skip("this machine has no other address")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((own, guard.port), timeout=10)
