"""A headless Chromium, which asks for nothing but what a page says and remembers what went wrong in it."""

import contextlib
import shutil
from urllib.parse import urlsplit

import pytest

from .waiting import LONG

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Pages:
    """Opens pages and keeps what they complained about, and what they asked of other hosts than their own."""

    def __init__(self, browser):
        self._browser = browser
        self.complaints = []
        self.strangers = set()

    def open(self, url, scheme="light", size=(1280, 800)):
        width, height = size
        page = self._browser.new_page(color_scheme=scheme, viewport={"width": width, "height": height})
        page.set_default_timeout(LONG * 1000)
        page.on("console", lambda message: self._complain(message) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        own = {urlsplit(url).netloc, ""}
        page.on("request", lambda request: self.strangers.update({urlsplit(request.url).netloc} - own))
        page.goto(url)
        return page

    def _complain(self, message):
        # Browsers log every answer that is no success; those of requests that may fail are shown on the page.
        url = message.location.get("url", "")
        if not url.endswith(":predict") and "/v1/debug/requests" not in url:
            self.complaints.append(f"{message.text} {message.location}")


@contextlib.contextmanager
def chromium():
    """Pages of the system's Chromium; none is downloaded."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium here: scripts/setup installs it where there is apt-get")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.skip("playwright is not in .venv: scripts/setup installs it")
    with sync_playwright() as playwright:
        # Tests run as root in containers, where Chromium cannot make its sandbox; the pages are our own.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        try:
            yield Pages(browser)
        finally:
            browser.close()
