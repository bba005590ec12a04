"""A log gets one plain line a step; a terminal the same once a step is over."""

from __future__ import annotations

import pytest

from analysis.runner.progress import WORDS, Lines, Live


def test_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    lines.say("[bold]as it is[/bold]")
    lines.begin("metrics")
    lines.end("metrics", "done", 1.26)
    lines.end("summary", "kept", 0.0)
    assert capsys.readouterr().err.splitlines() == [
        "[bold]as it is[/bold]", "metrics: begun", "metrics: done (1.3 s)", "summary: already done"
    ]  # fmt: skip


def test_a_terminal_shows_text_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    with Live() as live:
        live.say("[bold]as it is[/bold]")
        live.begin("metrics")
        for state in WORDS:
            live.end("metrics", state, 1.26)
    seen = capsys.readouterr()
    assert seen.out == ""
    assert "[bold]as it is[/bold]" in seen.err
    assert "metrics            FAILED          1.3 s" in seen.err
