"""What was decided before anybody looked, in a file that cannot be changed without being found out?

A declaration holds what a test is to answer: hypotheses, outcomes, segments, guardrails, sizes and when to stop. It is
written as canonical JSON with the hash of its content, so that a report can say what was declared and what was explored
afterwards. A hash noted elsewhere (in a report, a ledger, a letter) proves that the file is still the one of that day.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from analysis.foundation.errors import DesignError, Fault, ParamsError, did_you_mean
from analysis.foundation.provenance import canonical_json, fingerprint_of_bytes, rounded, write_atomically

SCHEMA = "touchstone.declaration/1"
Stopping = Literal["fixed", "always_valid"]
_ENVELOPE = ("schema", "sha256")
_MARK = "sha256:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a test is to answer, decided beforehand.

    Parameters
    ----------
    name : str
        Of the test: its `experiment_id`, or the study's name.
    outcomes : tuple of str
        Everything that will be claimed of, ratios among them.
    primary : str
        The outcome that decides.
    hypotheses : tuple of mapping
        Each with a `name` and a `statement`, and whatever else says how it is tested, as plain values.
    segments : tuple of str
        Attributes by which effects will be claimed.
    guardrails : mapping of str to mapping
        Outcome that must not get worse to `{"margin": …, "worse": "higher" | "lower"}`.
    treated : tuple of str
    control : str
    sizes : mapping of arm to int
        Customers (or clusters, where those are assigned) planned in each arm.
    smallest_effects : mapping of str to float
        Outcome to the smallest change that matters, as a share of what it is today.
    window_days, pre_days : int
    stopping : {"fixed", "always_valid"}
        Looked at once, when the sizes are reached and the window is over; or at any time between two looks.
    looks : (int, int), optional
        Customers an arm at the first and the last look; only with `always_valid`.
    power, level : float
    declared_on : date, optional
        The day it was written, as its writer says; never read from a clock.

    Raises
    ------
    DesignError
        If the parts do not fit together.

    Examples
    --------
    >>> plan = Declaration(name="care_invitation", outcomes=("orders", "revenue"), primary="orders",
    ...                    segments=("region",), guardrails={"csat": {"margin": 0.1, "worse": "lower"}})
    >>> plan.covers("orders", {}), plan.covers("csat", {}), plan.covers("orders", {"region": "north"})
    (True, True, True)
    >>> plan.covers("visits", {}), plan.covers("orders", {"product": "tv"})
    (False, False)
    >>> plan.sha256[:15]
    'sha256:d532b9d8'
    """

    name: str
    outcomes: tuple[str, ...]
    primary: str
    hypotheses: tuple[Mapping[str, Any], ...] = ()
    segments: tuple[str, ...] = ()
    guardrails: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    treated: tuple[str, ...] = ()
    control: str = "control"
    sizes: Mapping[str, int] = field(default_factory=dict)
    smallest_effects: Mapping[str, float] = field(default_factory=dict)
    window_days: int = 90
    pre_days: int = 90
    stopping: Stopping = "fixed"
    looks: tuple[int, int] | None = None
    power: float = 0.8
    level: float = 0.95
    declared_on: date | None = None

    def __post_init__(self) -> None:
        wrong = [name for name, fits in _SHAPES.items() if not fits(getattr(self, name))]
        if wrong:
            raise DesignError(f"The declaration of `{self.name}` has no sensible value for `{'`, `'.join(wrong)}`.")
        for name in ("outcomes", "segments", "treated"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "hypotheses", tuple(_frozen(one) for one in self.hypotheses))
        object.__setattr__(
            self, "guardrails", MappingProxyType({name: _frozen(rule) for name, rule in self.guardrails.items()})
        )
        for name in ("sizes", "smallest_effects"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        if self.looks is not None:
            object.__setattr__(self, "looks", tuple(self.looks))
        faults = self._faults()
        if faults:
            raise DesignError(f"The declaration of `{self.name}` does not hold together: " + " ".join(faults))

    def _faults(self) -> list[str]:
        faults = []
        if not self.outcomes or self.primary not in self.outcomes:
            faults.append(f"The primary outcome `{self.primary}` is not among the outcomes.")
        names = [one.get("name") for one in self.hypotheses]
        if not all(one.get("name") and one.get("statement") for one in self.hypotheses):
            faults.append("Every hypothesis needs a name and a statement.")
        elif len(set(names)) < len(names):
            faults.append("Two hypotheses share a name.")
        for outcome, rule in self.guardrails.items():
            margin, worse = rule.get("margin"), rule.get("worse")
            if (
                set(rule) != {"margin", "worse"}
                or not _number(margin)
                or not float(margin or 0) > 0
                or worse not in ("higher", "lower")
            ):
                faults.append(
                    f"The guardrail `{outcome}` needs a margin above 0, and whether `higher` or `lower` is worse."
                )
        if self.control in self.treated:
            faults.append(f"`{self.control}` cannot be treated and the comparison at once.")
        if any(size < 1 for size in self.sizes.values()):
            faults.append("Sizes are numbers above 0.")
        if any(not _number(change) or change == 0 for change in self.smallest_effects.values()):
            faults.append("A smallest effect is a number other than 0.")
        if self.stopping not in ("fixed", "always_valid"):
            faults.append(f"Stopping is `fixed` or `always_valid`, not `{self.stopping}`.")
        elif (self.stopping == "always_valid") != (self.looks is not None):
            faults.append("Looks are named where stopping is `always_valid`, and only there.")
        if self.looks is not None and not (len(self.looks) == 2 and 1 < self.looks[0] < self.looks[1]):
            faults.append("The first look comes before the last.")
        if not 0 < self.level < 1 or not 0 < self.power < 1:
            faults.append("The level and the power lie between 0 and 1.")
        return faults

    def covers(self, outcome: str, segment: Mapping[str, str] | str | None = None) -> bool:
        """Was a claim on this outcome, for this segment, decided on beforehand?

        A segment of two attributes at once (`north` and `tv`) was not, even where each was declared by itself.
        """
        if outcome not in self.outcomes and outcome not in self.guardrails:
            return False
        names = [segment] if isinstance(segment, str) else list(segment or ())
        return not names or (len(names) == 1 and names[0] in self.segments)

    def to_dict(self) -> dict[str, Any]:
        """The content as plain values, without its hash."""
        plain = {one.name: getattr(self, one.name) for one in fields(self)}
        plain["declared_on"] = None if self.declared_on is None else self.declared_on.isoformat()
        content = rounded(plain)
        assert isinstance(content, dict)
        return content

    @property
    def sha256(self) -> str:
        """The hash of the content."""
        return fingerprint_of_bytes(canonical_json({"schema": SCHEMA, **self.to_dict()}))

    def to_bytes(self) -> bytes:
        """The file's bytes: canonical JSON, with the hash of all the rest in `sha256`."""
        return canonical_json({"schema": SCHEMA, **self.to_dict(), "sha256": self.sha256})

    def write(self, path: Path) -> str:
        """Write the file and give back the hash, to be noted where the file is not.

        Raises
        ------
        DesignError
            If the file is there already and says something else: what was declared is not overwritten. If the path is
            a folder.
        """
        content = self.to_bytes()
        if path.is_dir():
            raise DesignError(f"{path} is a folder. Name a file in it, such as {path.name}/{self.name}.json.")
        if path.exists() and path.read_bytes() != content:
            raise DesignError(
                f"{path.name} holds another declaration. What was declared is not overwritten: write a new file, and "
                "the report will tell both."
            )
        write_atomically(path, content)
        return self.sha256

    @classmethod
    def read(cls, path: Path, *, expected: str | None = None) -> Declaration:
        """Read a declaration back, if it is still what was written.

        Parameters
        ----------
        path : Path
        expected : str, optional
            The hash noted on the day, with or without its `sha256:`; without one only the file's own is compared, which
            a careful forger would renew.

        Raises
        ------
        ParamsError
            If the file cannot be read, lacks or adds a key, or was changed.
        """
        where = path.name
        try:
            given = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise _refused(where, "cannot be read as a declaration", "Restore the file that was written.") from error
        if not isinstance(given, dict) or given.get("schema") != SCHEMA:
            raise _refused(where, f"is no `{SCHEMA}`", "Restore the file that was written.")
        known = {one.name for one in fields(cls)}
        for name in sorted(set(given) - known - set(_ENVELOPE)):
            raise _refused(where, f"has an unknown key `{name}`", did_you_mean(name, known))
        content = {name: value for name, value in given.items() if name != "sha256"}
        stated = given.get("sha256")
        if _hash_of(content) != stated:
            raise _refused(where, "was changed after it was written", "Restore the file that was written.")
        if expected is not None and expected.removeprefix(_MARK) != str(stated).removeprefix(_MARK):
            raise _refused(
                where, f"has the hash {stated}, not {expected} as noted", "Find the declaration that was noted."
            )
        values = {name: value for name, value in content.items() if name != "schema"}
        try:
            if values.get("declared_on") is not None:
                values["declared_on"] = date.fromisoformat(values["declared_on"])
            return cls(**values)
        except DesignError as error:
            raise _refused(where, "cannot have been declared", f"{error} Restore the file that was written.") from error
        except (TypeError, ValueError) as error:
            raise _refused(where, "lacks a part", "Restore the file that was written.") from error


def _refused(where: str, what: str, remedy: str) -> ParamsError:
    return ParamsError(Fault(where=where, what=what, remedy=remedy, rule="declaration"))


def _hash_of(content: Mapping[str, Any]) -> str | None:
    """The hash of a file's content; None where it holds what no file of ours can, such as no number for a number."""
    try:
        return fingerprint_of_bytes(canonical_json(dict(content)))
    except (TypeError, ValueError):
        return None


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _whole(value: object, least: float = 1) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(_text(one) for one in value) and len(set(value)) == len(value)


def _mappings(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, Mapping) for one in value)


def _by_name(value: object, fits: Callable[[Any], bool]) -> bool:
    return isinstance(value, Mapping) and all(_text(name) and fits(one) for name, one in value.items())


_SHAPES: Mapping[str, Callable[[Any], bool]] = {
    "name": _text,
    "outcomes": _texts,
    "primary": _text,
    "hypotheses": _mappings,
    "segments": _texts,
    "guardrails": lambda value: _by_name(value, lambda rule: isinstance(rule, Mapping)),
    "treated": _texts,
    "control": _text,
    "sizes": lambda value: _by_name(value, lambda size: _whole(size, -math.inf)),
    "smallest_effects": lambda value: _by_name(value, lambda change: isinstance(change, int | float)),
    "window_days": _whole,
    "pre_days": lambda value: _whole(value, 0),
    "looks": lambda value: value is None or (isinstance(value, list | tuple) and all(_whole(one) for one in value)),
    "power": _number,
    "level": _number,
    "declared_on": lambda value: value is None or isinstance(value, date),
}
"""What each part must look like before its sense is asked for."""


def _frozen(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(value))
