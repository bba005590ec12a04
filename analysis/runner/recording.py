"""What is put down of a study: the part that a step leaves, and the fingerprints of all that went in?

How a part is written and how parts become results is left to `results`, which rows stand behind a page to `behind`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.foundation.provenance import package_versions
from analysis.runner.behind import behind
from analysis.runner.previous import PREVIOUS
from analysis.runner.register import PROMISES, register_fingerprint, register_folder

if TYPE_CHECKING:
    from analysis.runner.study import Study


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was put down for the report, as a sentence."""

    step: str
    counts: Mapping[str, int]

    def __str__(self) -> str:
        said = ", ".join(f"{count:,} {key}" for key, count in self.counts.items()) or "nothing to count"
        return f"Recorded for the report under `{self.step}`: {said}."

    def __repr__(self) -> str:
        return str(self)


def part_of(step: str, result: Any) -> dict[str, Any]:
    """What a step leaves for the report: its rows, what it says about itself, and the rows behind its page.

    Parameters
    ----------
    step : str
    result
        What the step found; not changed.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> found = SimpleNamespace(to_parts=lambda: {"metrics": []}, notes=("one month is not over",))
    >>> part_of("metrics", found)
    {'metrics': [], 'coverage': {'notes': {'metrics': ['one month is not over']}}}
    """
    part = dict(result.to_parts())
    part["coverage"] = {**part.get("coverage", {}), **_coverage(step, result)}
    rows = behind(step, result)
    return {**part, "behind": {step: rows}} if rows else part


def provenance_of(study: Study) -> dict[str, Any]:
    """Where the numbers come from: all that goes into them, by its fingerprint."""
    return {
        "inputs": inputs_of(study),
        "params": study.params.fingerprint(),
        "code": study.code,
        "packages": package_versions(),
    }


def inputs_of(study: Study) -> dict[str, str]:
    """The fingerprint of every table, of the closed months where there are any but a rehearsal's, of the promises
    and of the report before this one.
    """
    inputs = {name: account.fingerprint for name, account in study.prepared.accounts.items()}
    if not study.values.close.rehearsal and study.ledger.entries:
        inputs["ledger"] = f"sha256:{study.ledger.head}"
    if study.values.roi is not None and (promises := register_fingerprint(register_folder(study.params))):
        inputs[PROMISES] = promises
    if study.previous is not None:
        inputs[PREVIOUS] = study.previous.fingerprint
    return inputs


def _coverage(step: str, result: Any) -> dict[str, Any]:
    """What a result says about itself that no row of the results can hold."""
    found: dict[str, Any] = {}
    if missing := getattr(result, "missing", None):
        found["metrics_missing"] = dict(missing)
    if notes := getattr(result, "notes", None):
        found["notes"] = {step: list(notes)}
    if sample := getattr(result, "sample", None):
        found["sample"] = {step: dict(sample)}
    return found
