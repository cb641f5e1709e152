# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium that speaks the DevTools protocol over a pipe.

Nothing is installed for it: the browser's own binary and two file descriptors.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BINARIES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
# Puts the pipe's ends where the browser looks for them, then becomes the browser.
WIRE = (
    "import fcntl, os, sys;"
    "r, w = (fcntl.fcntl(int(a), fcntl.F_DUPFD, 10) for a in sys.argv[1:3]);"
    "os.dup2(r, 3); os.dup2(w, 4); os.execvp(sys.argv[3], sys.argv[3:])"
)
PATIENCE = 120.0


class Browser:
    """One browser process with one page."""

    def __init__(self, binary: str, profile: Path) -> None:
        there, self._send = os.pipe()
        self._receive, back = os.pipe()
        wire = [sys.executable, "-c", WIRE, str(there), str(back)]
        self._process = subprocess.Popen(
            [*wire, binary, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(there, back),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(there)
        os.close(back)
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(t["targetId"] for t in targets if t["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=page, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        self._number += 1
        message: dict[str, Any] = {
            "id": self._number,
            "method": method,
            "params": params,
        }
        if self._session:
            message["sessionId"] = self._session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        while True:
            got = self._next()
            if got.get("id") == self._number:
                assert "error" not in got, f"{method}: {got['error']}"
                result: dict[str, Any] = got["result"]
                return result
            self.events.append(got)

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._buffer:
            left = end - time.monotonic()
            ready, _, _ = select.select([self._receive], [], [], max(left, 0))
            data = os.read(self._receive, 1 << 16) if ready else b""
            assert data, "the browser does not answer"
            self._buffer += data
        message, self._buffer = self._buffer.split(b"\0", 1)
        got: dict[str, Any] = json.loads(message)
        return got

    def open(
        self, path: Path, *, width: int = 1100, height: int = 900, dark: bool = False
    ) -> None:
        """Open a file and wait until it is loaded."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media="screen", features=[scheme])
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        while self.js("document.readyState + location.href") != (
            "complete" + path.as_uri()
        ):
            time.sleep(0.02)

    def js(self, code: str) -> Any:
        """Return the value of an expression in the page."""
        result = self.call("Runtime.evaluate", expression=code, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def named(self, *methods: str) -> list[dict[str, Any]]:
        """Return the parameters of the events of these names since `open`."""
        return [e["params"] for e in self.events if e.get("method") in methods]

    def screenshot(self, path: Path, *, whole: bool = True) -> None:
        """Write a picture of the page."""
        got = self.call(
            "Page.captureScreenshot", format="png", captureBeyondViewport=whole
        )
        path.write_bytes(base64.b64decode(got["data"]))

    def close(self) -> None:
        """End the browser."""
        self._session = None
        try:
            self.call("Browser.close")
        finally:
            self._process.wait(PATIENCE)
            os.close(self._send)
            os.close(self._receive)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A headless Chromium; the test skips where none is installed."""
    binary = next(filter(None, map(shutil.which, BINARIES)), None)
    if binary is None:
        pytest.skip(f"no browser found: install one of {', '.join(BINARIES)}")
    one = Browser(binary, tmp_path_factory.mktemp("profile"))
    yield one
    one.close()
