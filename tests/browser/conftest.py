"""Headless Chromium, driven over its DevTools pipe: what it logs, what it asks the network for, what stands on the page."""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import time

import pytest

PATIENCE = 60.0
"""Seconds for the browser to answer."""

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--remote-debugging-pipe",
)

START = "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
"""Give a program two descriptors, and become it."""


class Page:
    """One tab, with everything that it logged and everything that it asked for."""

    def __init__(self, program, profile):
        reads, self._out = os.pipe()
        self._in, writes = os.pipe()
        # The browser reads commands from its descriptor 3 and answers on 4; out of their way until then.
        handed = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (reads, writes)]
        command = [sys.executable, "-c", START, *map(str, handed), program, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        self._process = subprocess.Popen(command, pass_fds=handed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for end in (reads, writes, *handed):
            os.close(end)
        self._rest, self._count, self._session, self.logged, self.asked = b"", 0, None, [], []

    def attach(self):
        """Take hold of the tab that the browser began with."""
        [tab] = [one for one in self._send("Target.getTargets")["targetInfos"] if one["type"] == "page"]
        self._session = self._send("Target.attachToTarget", targetId=tab["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method, **params):
        """A command to the tab; its result."""
        return self._send(method, session=self._session, **params)

    def _send(self, method, session=None, **params):
        self._count += 1
        message = {"id": self._count, "method": method, "params": params} | ({"sessionId": session} if session else {})
        os.write(self._out, json.dumps(message).encode() + b"\0")
        return self._until(lambda said: said.get("id") == message["id"])["result"]

    def _until(self, wanted):
        end = time.monotonic() + PATIENCE
        while True:
            while b"\0" in self._rest:
                message, self._rest = self._rest.split(b"\0", 1)
                said = json.loads(message)
                assert "error" not in said, said
                self._note(said)
                if wanted(said):
                    return said
            ready, _, _ = select.select([self._in], [], [], max(0.0, end - time.monotonic()))
            read = os.read(self._in, 1 << 20) if ready else b""
            assert read, "the browser does not answer"
            self._rest += read

    def _note(self, said):
        method, params = said.get("method"), said.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.logged.append(params["exceptionDetails"]["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.logged.append(str(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.logged.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.asked.append(params["request"]["url"])

    def open(self, url, width=1280, height=900, media=()):
        """Load a page at a width, and wait until it has run its scripts."""
        self._go("about:blank")
        # The page before may have had something to say to its last: its server is gone.
        self.logged, self.asked = [], []
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.send("Emulation.setEmulatedMedia", features=[{"name": name, "value": value} for name, value in media])
        self._go(url)
        self.wait("document.readyState === 'complete'")

    def _go(self, url):
        self.send("Page.navigate", url=url)
        self._until(lambda said: said.get("method") == "Page.loadEventFired")

    def run(self, script):
        """The value of an expression on the page."""
        found = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait(self, script):
        """Wait until an expression holds."""
        end = time.monotonic() + PATIENCE
        while not self.run(script):
            assert time.monotonic() < end, f"never true: {script}"
            time.sleep(0.05)

    def text(self, selector):
        """What stands in an element."""
        return self.run(f"document.querySelector({json.dumps(selector)}).innerText")

    def fill(self, selector, value):
        """Give a field a value, as a hand at the keyboard does."""
        told = "for (const kind of ['input', 'change']) field.dispatchEvent(new Event(kind, {bubbles: true}));"
        field = f"document.querySelector({json.dumps(selector)})"
        self.run(f"{{ const field = {field}; field.value = {json.dumps(str(value))}; {told} }}")

    def click(self, selector):
        """Press an element."""
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def picture(self, path):
        """The whole page as a PNG."""
        shot = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self):
        """End the browser."""
        self._process.terminate()
        self._process.wait(timeout=PATIENCE)
        os.close(self._out)
        os.close(self._in)


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A tab of headless Chromium."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        assert os.environ.get("BURSAR_REQUIRE_CHROMIUM") != "1", "BURSAR_REQUIRE_CHROMIUM=1, and there is no chromium on PATH"
        pytest.skip("there is no chromium on PATH")
    page = Page(program, tmp_path_factory.mktemp("profile"))
    try:
        page.attach()
        yield page
    finally:
        page.close()
