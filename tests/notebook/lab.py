"""JupyterLab as a process of its own, and a browser that shows a notebook in it."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.support import wait_for

__all__ = ["LIMIT", "Lab", "browser_page", "chromium_path", "lab_server"]

_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_ELSEWHERE: Final = re.compile(r"^(?!https?://127\.0\.0\.1[:/]|data:|blob:)")
#: How long a page or a server may take for one thing, in seconds, that only failures take.
LIMIT: Final = 120.0
_END: Final = 15.0  # seconds until a server that was asked to end is made to


def chromium_path() -> str | None:
    """Where the browser is."""
    return next(filter(None, map(shutil.which, _BROWSERS)), None)


class Lab:
    """A running server.

    Attributes:
        url: Where it listens.
        token: What lets a browser in.
        root: The folder of its notebooks.
    """

    def __init__(self, url: str, token: str, root: Path) -> None:
        self.url = url
        self.token = token
        self.root = root


@contextmanager
def lab_server(home: Path) -> Iterator[Lab]:
    """JupyterLab on a free port of this machine; it and its kernels are gone afterwards.

    Args:
        home: What ``jupyter_home`` gives.
    """
    root, token = home / "notebooks", secrets.token_hex(16)
    root.mkdir()
    settings = home / "config" / "labconfig"
    settings.mkdir(parents=True)
    # Its news come from the internet.
    disabled = {"@jupyterlab/apputils-extension:announcements": True}
    (settings / "page_config.json").write_text(json.dumps({"disabledExtensions": disabled}))
    flags = ("--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0")
    options = {
        "IdentityProvider.token": token,
        "LabApp.expose_app_in_browser": True,
        "LabApp.extension_manager": "readonly",
        "ServerApp.root_dir": root,
    }
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", *flags),
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield Lab(_listening(home, process), token, root)
        finally:
            _end(process)


def _listening(home: Path, process: subprocess.Popen[bytes]) -> str:
    def written() -> str | None:
        assert process.poll() is None, (home / "log").read_text()
        texts = [path.read_text().rstrip() for path in (home / "runtime").glob("jpserver-*.json")]
        return next((text for text in texts if text.endswith("}")), None)  # it may be half written

    port = json.loads(str(wait_for(written, LIMIT)))["port"]
    return f"http://127.0.0.1:{port}"


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_END)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def browser_page(path: str, outside: list[str]) -> Iterator[Any]:  # Any: playwright need not be installed
    """A page of a headless browser that reaches this machine alone.

    Args:
        path: The browser.
        outside: Gets the addresses that were asked for elsewhere, and refused.
    """
    from playwright.sync_api import Route, sync_playwright

    def refuse(route: Route) -> None:
        outside.append(route.request.url)
        route.abort()

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS), timeout=LIMIT * 1_000)
        try:
            page = browser.new_page(viewport={"width": 1400, "height": 2200})
            page.set_default_timeout(LIMIT * 1_000)
            page.route(_ELSEWHERE, refuse)
            yield page
        finally:
            browser.close()
