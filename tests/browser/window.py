"""A browser window that is watched: what it says, what it asks for, what it refuses, what pops up.

Chromium is the system's own; Playwright only drives it. Nothing may leave: every request that is not for a file is
counted and stopped. Where text lies on the page is left to `layout`, what a screen reader meets to `access`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, Route

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = ("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-quic", "--disable-gpu", "--force-color-profile=srgb")  # fmt: skip
PHONE, LAPTOP, PAPER = (390, 844), (1280, 800), (680, 962)
"""Widths and heights in CSS pixels; paper is A4 within the margins our style sheet sets."""

_VIOLATIONS = """
window.refused = [];
document.addEventListener('securitypolicyviolation',
  event => window.refused.push(event.violatedDirective + ' ' + event.blockedURI));
"""


def chromium() -> str | None:
    """Where the system's Chromium lies."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@dataclass
class Watched:
    """One window, and everything it did that a page of ours must not do."""

    page: Page
    said: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    popped: list[str] = field(default_factory=list)

    def open(self, file: Path) -> None:
        """Show a file, and wait until its images are there."""
        self.page.goto(file.as_uri(), wait_until="load")
        self.page.evaluate("Promise.all([...document.images].map(one => one.decode().catch(() => 0)))")

    def misdeeds(self) -> list[str]:
        """What was said, asked for, popped up or refused by the page's policy, and what could act on it."""
        refused = self.page.evaluate("window.refused || []")
        acting = self.page.evaluate(
            "[...document.querySelectorAll('script, iframe, frame, object, embed, form, input, base, svg, link')]"
            ".map(one => one.outerHTML.slice(0, 120))"
            ".concat([...document.querySelectorAll('*')].flatMap(one => [...one.attributes]"
            ".filter(at => at.name.startsWith('on') || at.name === 'style').map(at => at.name + '=' + at.value)))"
        )
        return [*self.said, *self.left, *self.popped, *refused, *acting]


@contextmanager
def window(browser: Browser, size: tuple[int, int], *, printed: bool = False) -> Iterator[Watched]:
    """A window of that size, as a screen or as paper shows it."""
    context: BrowserContext = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, locale="en-GB", reduced_motion="reduce"
    )
    try:
        page = context.new_page()
        watched = Watched(page)
        page.on("console", lambda message: watched.said.append(f"console {message.type}: {message.text}"))
        page.on("pageerror", lambda error: watched.said.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (watched.popped.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("popup", lambda popup: watched.popped.append(f"popup: {popup.url}"))
        page.on("download", lambda one: watched.popped.append(f"download: {one.url}"))

        def pass_files(route: Route) -> None:
            if route.request.url.startswith("file:"):
                route.continue_()
            else:
                watched.left.append(f"request: {route.request.url[:200]}")
                route.abort()

        context.route("**/*", pass_files)
        context.add_init_script(_VIOLATIONS)
        if printed:
            page.emulate_media(media="print")
        yield watched
    finally:
        context.close()
