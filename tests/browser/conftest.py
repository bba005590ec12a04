"""One Chromium for all tests of this folder; without one they are skipped and say so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.open import Looks, launched


@pytest.fixture(scope="session")
def looks() -> Iterator[Looks]:
    """What a browser finds wrong with a page, at each width."""
    with launched() as found:
        yield found
