"""A real service, a real Chromium, and pages that are watched while a test uses them."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect, sync_playwright

from scripts.fresh_service import FreshService, fresh_service
from tests.browser.visit import HOST, Visit

# The name of the tests' host leads to this machine, every other name nowhere; Chromium itself asks nobody for anything.
SWITCHES = [
    f"--host-resolver-rules=MAP {HOST} 127.0.0.1, MAP * ~NOTFOUND",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]


# Milliseconds to wait for what must come to be seen; a busy machine needs more than the five seconds of the default.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def service() -> Iterator[FreshService]:
    # Under a name of the network, which a service that lets everybody in takes only if it is told to.
    settings = {"TRAINYARD_HOST": "0.0.0.0", "TRAINYARD_OPEN_TO_EVERYONE": "true"}  # noqa: S104 - for this test run
    with fresh_service(1, None, **settings) as running:
        yield running


@pytest.fixture(scope="session")
def data_of_secured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secured")


@pytest.fixture(scope="session")
def secured(data_of_secured: Path) -> Iterator[FreshService]:
    """Yield a service that wants keys."""
    with fresh_service(1, data_of_secured, TRAINYARD_AUTH="on") as running:
        yield running


@pytest.fixture(scope="session")
def token(secured: FreshService, data_of_secured: Path) -> str:
    """Return a key to it, made as its operator makes one."""
    command = [str(Path(sys.executable).with_name("trainyard")), "keys", "create"]
    environment = os.environ | {"TRAINYARD_DATA_DIR": str(data_of_secured), "TRAINYARD_AUTH": "on"}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    found = re.search(r"key_\w+\.[\w-]+", said)
    assert found, said
    return found[0]


@pytest.fixture(scope="session")
def context() -> Iterator[BrowserContext]:
    """One for all tests, since it keeps what it has fetched; the pages store nothing in it."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program, "There is no Chromium here. On Debian: sudo apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=SWITCHES)
        # Without motion, nothing is measured half-way.
        yield browser.new_context(viewport={"width": 1200, "height": 900}, reduced_motion="reduce")
        browser.close()


@pytest.fixture
def visit(service: FreshService, context: BrowserContext) -> Iterator[Callable[..., Visit]]:
    """Open pages of the service; when the test is over, none may have asked another host or complained."""
    with watched(service, context) as begin:
        yield begin


@pytest.fixture
def visit_secured(secured: FreshService, context: BrowserContext) -> Iterator[Callable[..., Visit]]:
    """Open pages of the service that wants keys, likewise."""
    with watched(secured, context) as begin:
        yield begin


@contextlib.contextmanager
def watched(service: FreshService, context: BrowserContext) -> Iterator[Callable[..., Visit]]:
    visits: list[Visit] = []

    def begin(path: str, color_scheme: str = "light") -> Visit:
        page = context.new_page()
        page.emulate_media(color_scheme=color_scheme)
        visits.append(Visit(page, f"http://{HOST}:{service.port}"))
        visits[-1].go(path)
        return visits[-1]

    yield begin
    for each in visits:
        each.page.close()
        assert each.complaints == []
        assert each.foreign_requests() == []
