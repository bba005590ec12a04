"""Whether a page says a standing is told without making it anew, and is the same as making it anew."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from analysis.ledger.signature import DRAFT, Signature, Standing
from analysis.reporting.signed import standing_line
from analysis.runner.finished import renewed, says

SIGNED = Standing(
    (
        Signature(
            number=1, family="demo", study="demo", run="r", results="sha256:0", known_at=None, period=None,
            role="approver", name="Zo\u00eb", note="", signed_at=datetime(2026, 7, 1), closes=(0, ""), pages={},
            lost=(),
        ),
    ),
    (),
)  # fmt: skip


@pytest.mark.parametrize("line", [str(standing_line(DRAFT)), str(standing_line(SIGNED)), "", '<p class="standing">'])
@pytest.mark.parametrize("begins", [b'<html lang="en-GB">', b""])
@pytest.mark.parametrize("rest", [b"<p>caf\xc3\xa9</p>", b"\xff\xfe not UTF-8", b"\r\n"])
@pytest.mark.parametrize("standing", [DRAFT, SIGNED])
def test_a_page_says_a_standing_if_renewing_it_changes_nothing(
    tmp_path: Path, begins: bytes, line: str, rest: bytes, standing: Standing
) -> None:
    page = tmp_path / "page.html"
    page.write_bytes(begins + line.encode() + rest)
    assert says(page, standing) == (renewed(page, standing) == page.read_bytes())
