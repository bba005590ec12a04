"""What a browser does with a page: lays it out at three widths, runs and loads nothing."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess

import pytest

from analysis.reporting import charts, tables
from analysis.reporting.page import render_page
from analysis.reporting.summary import summary

PROBE = """<!doctype html><body>
<iframe id="page" src="page.html" style="width:{width}px;height:900px;border:0"></iframe>
<script>
window.onload = () => {{
  const page = document.getElementById("page").contentDocument;
  const seen = {{
    width: page.documentElement.scrollWidth,
    styled: getComputedStyle(page.querySelector(".masthead")).borderTopWidth,
    images: [...page.images].every(image => image.naturalWidth > 0),
    shown: page.images.length ? page.images[0].currentSrc.length : 0,
    outside: performance.getEntriesByType("resource").filter(one => !one.name.startsWith("file:")).length,
    scripts: page.scripts.length,
  }};
  document.body.innerHTML = "<pre id='seen'>" + JSON.stringify(seen) + "</pre>";
}};
</script>"""


@pytest.fixture(scope="module")
def browser():
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    if found is None:
        reason = "No Chromium was found; it shows how pages are laid out."
        (pytest.fail if os.environ.get("REQUIRE_ALL") == "1" else pytest.skip)(reason)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory, made):
    place = tmp_path_factory.mktemp("page")
    notebook = made.executed(
        "# A page", summary(made.results()), charts.naive_against_adjusted(made.channel()),
        tables.effects([*made.channel().effects, made.effect(made.LONG, 1.2, 1.1, 1.3)]), made.LONG,
        f"`{made.LONG}`", {"text/plain": f"{made.LONG}\n{made.LONG}"}, {"text/html": made.HOSTILE},
    )  # fmt: skip
    nav = [(f"Page {n}", f"p{n}.html") for n in range(9)]
    page = render_page(
        notebook, title=made.LONG, study=made.LONG, nav=nav, current="Page 1",
        reproduction={"inputs": {made.LONG: made.LONG}}, state="provisional",
    )  # fmt: skip
    (place / "page.html").write_text(page, encoding="utf-8")
    return place


def look(browser, folder, width):
    (folder / f"probe{width}.html").write_text(PROBE.format(width=width))
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--allow-file-access-from-files", "--virtual-time-budget=5000", f"--user-data-dir={folder / 'profile'}",
        "--window-size=1400,1000", "--dump-dom", (folder / f"probe{width}.html").as_uri(),
    ]  # fmt: skip
    dom = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    return json.loads(html.unescape(re.search(r"<pre id=\"seen\">(.*?)</pre>", dom)[1]))


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_a_page_fits_its_window_and_keeps_its_style(browser, folder, width):
    seen = look(browser, folder, width)
    assert seen["width"] <= width  # nothing to scroll sideways
    assert seen["styled"] == "6px"  # the policy lets our style through
    assert seen["images"]
    assert seen["outside"] == 0
    assert seen["scripts"] == 0


def test_a_phone_is_shown_the_narrow_chart(browser, folder):
    assert look(browser, folder, 390)["shown"] < look(browser, folder, 1280)["shown"]
