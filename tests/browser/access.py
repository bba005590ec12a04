"""What does somebody meet who cannot see the page, uses no mouse, or has no style sheet?

axe-core checks names, roles, headings, tables, texts for images and contrast; the keyboard is tried by pressing it.
How text lies is left to `layout`.
"""

from __future__ import annotations

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OFF: dict[str, str] = {}
"""Rules of axe that are not asked, each with the reason. None."""

_VISIBLE = """() => [...document.querySelectorAll("a[href], summary, [tabindex='0']")]
  .map((one, place) => [place, one.checkVisibility() && !one.closest('details:not([open]) > :not(summary)')])
  .filter(([_, seen]) => seen).map(([place]) => place)"""
"""Where keyboards should stop, in the order of the page: not within a closed fold."""
_FOCUSED = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect(), style = getComputedStyle(one);
  return {
    place: [...document.querySelectorAll("a[href], summary, [tabindex='0']")].indexOf(one),
    inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    name: (one.innerText || one.getAttribute('aria-label') || one.tagName).slice(0, 60),
  };
}"""
_UNSTYLE = """() => {
  const made = [...document.querySelectorAll('*')].filter(one => ['::before', '::after'].some(
    part => !['none', 'normal', '', '""'].includes(getComputedStyle(one, part).content))).length;
  for (const sheet of document.styleSheets) sheet.disabled = true;
  return made;
}"""


def faults_of_access(page: Page) -> list[str]:
    """What axe finds, rule by rule, with the first elements."""
    options = {
        "runOnly": {"type": "tag", "values": TAGS},
        "resultTypes": ["violations"],
        "rules": {rule: {"enabled": False} for rule in OFF},
    }
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{one['id']} ({len(one['nodes'])}): {one['help']}: "
        + " | ".join(f"{node['target']} {node['html'][:160]}" for node in one["nodes"][:3])
        for one in found
    ]


def faults_of_keyboard(page: Page, *, most: int = 400) -> list[str]:
    """Tab goes through everything in reading order, visibly; the first stop skips to the content; folds open."""
    faults = []
    page.keyboard.press("Tab")
    first = page.evaluate(_FOCUSED)
    if page.evaluate("document.activeElement.getAttribute('href')") != "#content" or not first["inside"]:
        faults.append(f"the first stop is no visible link to the content but {first['name']}")
    page.keyboard.press("Enter")
    if not page.evaluate("Math.abs(document.querySelector('#content').getBoundingClientRect().top) < innerHeight"):
        faults.append("the link to the content does not lead there")
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.goto(page.url.partition("#")[0])
    places, seen = [], page.evaluate(_VISIBLE)
    for _ in range(min(most, len(seen))):
        page.keyboard.press("Tab")
        stop = page.evaluate(_FOCUSED)
        places.append(stop["place"])
        if not stop["inside"]:
            faults.append(f"out of sight when focused: {stop['name']}")
        if not stop["ring"]:
            faults.append(f"no ring when focused: {stop['name']}")
    if places != seen[: len(places)]:
        faults.append(f"stops are not in reading order: {places} instead of {seen}")
    return faults + _folds(page)


def _folds(page: Page) -> list[str]:
    faults = []
    for fold in [one for one in page.locator("details").all() if one.is_visible()][:3]:
        before = fold.evaluate("one => one.open")
        fold.locator("summary").first.focus()
        page.keyboard.press("Enter")
        if fold.evaluate("one => one.open") is before:
            faults.append("a fold does not answer to the keyboard")
    return faults


def faults_without_style(page: Page) -> list[str]:
    """Whether the words and their order depend on the style sheet."""
    styled = _words(page)
    made = page.evaluate(_UNSTYLE)
    bare = _words(page)
    faults = [] if styled == bare else [f"other words without style: {_first_difference(styled, bare)}"]
    return faults + ([f"{made} texts exist only in the style sheet"] if made else [])


def _words(page: Page) -> str:
    """The content with every fold open, in the order of the page; menus may be set twice, for two widths."""
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    return re.sub(r"\s+", "", page.inner_text("main"))


def _first_difference(one: str, other: str) -> str:
    place = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return f"…{one[max(0, place - 20) : place + 40]}… | …{other[max(0, place - 20) : place + 40]}…"
