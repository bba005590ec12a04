"""A progress that says nothing and keeps how each step ended."""

from __future__ import annotations

from collections.abc import Mapping


class HowStepsEnded:
    """State by step."""

    def __init__(self) -> None:
        self.ended: dict[str, str] = {}

    def say(self, text: str) -> None: ...

    def expect(self, seconds: Mapping[str, float], at_once: int) -> None: ...

    def begin(self, step: str) -> None: ...

    def end(self, step: str, state: str, seconds: float) -> None:
        self.ended[step] = state
