"""A headless Chromium, driven through chromedriver's own protocol (W3C WebDriver): no package is needed."""

import contextlib
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"

RIGHT, HOME, END = "\ue014", "\ue011", "\ue010"


class Browser:
    def __init__(self, address: str) -> None:
        self._address = address
        arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        wanted = {"goog:chromeOptions": {"args": arguments}, "goog:loggingPrefs": {"browser": "ALL"}}
        started = self._post("/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{started['sessionId']}"

    def open(self, address: str) -> None:
        self._post(f"{self._session}/url", {"url": address})

    def run(self, script: str) -> Any:
        return self._post(f"{self._session}/execute/sync", {"script": script, "args": []})

    def press(self, selector: str, keys: str) -> None:
        self._post(f"{self._session}/element/{self._find(selector)}/value", {"text": keys})

    def type_over(self, selector: str, text: str) -> None:
        element = self._find(selector)
        self._post(f"{self._session}/element/{element}/clear", {})
        self._post(f"{self._session}/element/{element}/value", {"text": text})

    def text(self, selector: str) -> str:
        found: str = self.run(f"return document.querySelector({json.dumps(selector)}).textContent")
        return found

    def resize(self, width: int, height: int) -> None:
        self._post(f"{self._session}/window/rect", {"width": width, "height": height})

    def errors(self) -> list[str]:
        entries = self._post(f"{self._session}/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries]

    def quit(self) -> None:
        self._send("DELETE", self._session, None)

    def _find(self, selector: str) -> str:
        found: str = self._post(f"{self._session}/element", {"using": "css selector", "value": selector})[
            ELEMENT
        ]
        return found

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self._send("POST", path, body)

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._address + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """A browser; without one, the test is skipped by name."""
    driver = shutil.which("chromedriver")
    if driver is None:
        pytest.skip("chromedriver is not installed: this test opens the report in Chromium")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port)
        opened = Browser(f"http://127.0.0.1:{port}")
        try:
            yield opened
        finally:
            opened.quit()
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(port: int) -> None:
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    pytest.fail("chromedriver did not start")
