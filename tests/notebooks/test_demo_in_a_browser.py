"""Every page of the demo's report holds in a browser. About 30 seconds."""

from __future__ import annotations

from tests.browser.open import launched


def test_every_page_holds_in_a_browser(home) -> None:
    """At three widths, for a screen reader, by keyboard, without style: tests/browser/open.py."""
    pages = [*sorted((home / "reports" / "demo").glob("*.html")), home / "reports" / "index.html"]
    with launched() as looks:
        assert [fault for page in pages for fault in looks.faults(page)] == []
