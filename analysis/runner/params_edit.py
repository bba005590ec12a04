"""How does a parameters file come to speak of another period, with every comment where it was?

Only what must change is changed, character by character: name, period, the report before it, and `as_of`. What the new
values are is left to `following`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from analysis.foundation.errors import Fault, InputError
from analysis.reporting.formats import plain
from analysis.runner.beginning import as_yaml
from analysis.runner.params_model import Params, PeriodSection


def moved_on(text: str, old: Params, name: str, period: PeriodSection) -> tuple[str, list[str]]:
    """The parameters of a study as those of the one that follows it, and what was changed, line by line.

    Parameters
    ----------
    text : str
        The old file.
    old : Params
        What it says.
    name : str
        What the new study is called.
    period : PeriodSection
        What it covers.

    Raises
    ------
    InputError
        If the keys stand in braces.

    Examples
    --------
    >>> old = Params(study="2026q3", period=PeriodSection(span="2026q3"))
    >>> new = PeriodSection(span="2026q4")
    >>> text, changes = moved_on("study: 2026q3  # ours\\nperiod: 2026q3\\n", old, "2026q4", new)
    >>> print(text, changes, sep="")
    study: 2026q4  # ours
    previous: 2026q3
    period: 2026q4
    ['line 1: study: 2026q3 -> 2026q4', 'new line: previous: 2026q3', 'line 2: period: 2026q3 -> 2026q4']
    """
    return _Edit(text, old, name, period).done()


def cannot_be_moved_on() -> InputError:
    """The refusal of a file that is written in a way the rules here do not know."""
    what = "are written in a way that cannot be moved on by rule"
    remedy = "Copy the file, and change `study`, `period` and `previous` by hand."
    return InputError(Fault(where="the old parameters", what=what, remedy=remedy, rule="yaml"))


@dataclass
class _Edit:
    """The text of the old parameters, and what is put where: from, to, instead."""

    text: str
    old: Params
    name: str
    period: PeriodSection
    puts: list[tuple[int, int, str]] = field(default_factory=list)
    changes: list[tuple[float, str]] = field(default_factory=list)

    def done(self) -> tuple[str, list[str]]:
        """The new text, and each change with its line in the old one."""
        self.newline = "\r\n" if "\r\n" in self.text else "\n"
        if not self.text.endswith("\n"):
            self.text += self.newline
        root = YAML(typ="rt").compose(self.text)
        if not isinstance(root, MappingNode) or root.flow_style:
            raise cannot_be_moved_on()
        self.top = {str(key.value): (key, value) for key, value in root.value}
        _, study = self.top["study"]
        self.put(self.top["study"], as_yaml(self.name), "study")
        self.follow(study)
        self.move(study)
        self.forget_day()
        text = self.text
        self.puts.reverse()  # so that what is put at one place keeps its order
        for start, end, instead in sorted(self.puts, key=lambda put: -put[0]):
            text = text[:start] + instead + text[end:]
        return text, [said for _, said in sorted(self.changes)]

    def put(self, pair: tuple[Node, Node], instead: str, said: str) -> None:
        """Write something else where the value of a key stands, or where it would."""
        key, node = pair
        start, end = node.start_mark.index, node.end_mark.index
        before, line, space = self.text[start:end], node.start_mark.line + 1, ""
        if not before:  # nothing stands there: YAML finds it where the next thing begins
            start = end = self.text.index(":", key.end_mark.index) + 1
            line, space = key.start_mark.line + 1, " "
        if before != instead:
            self.puts.append((start, end, space + instead))
            self.changes.append((line, f"line {line}: {said}: {plain(before, 60) or 'empty'} -> {instead}"))

    def line_after(self, node: Node, line: str, said: str) -> None:
        """A line of its own below the one a value ends on."""
        at = self.text.index("\n", node.end_mark.index) + 1
        self.puts.append((at, at, f"{line}{self.newline}"))
        self.changes.append((node.end_mark.line + 1.5, f"new line: {said}"))

    def follow(self, study: Node) -> None:
        previous = as_yaml(self.old.study)
        if "previous" in self.top:
            self.put(self.top["previous"], previous, "previous")
        else:
            self.line_after(study, f"previous: {previous}", f"previous: {previous}")

    def move(self, study: Node) -> None:
        """The period, in the way the old one is written."""
        was, now = self.old.period, self.period
        if was == now:
            return
        if "period" not in self.top:
            span = as_yaml(str(now.span))
            self.line_after(study, f"period: {span}", f"period: {span}")
            return
        _, node = self.top["period"]
        values = {"span": now.span, "start": now.start, "end": now.end}
        if isinstance(node, SequenceNode):
            for item, key in zip(node.value, ("start", "end"), strict=True):
                self.put((item, item), str(values[key]), f"period, {key}")
        elif isinstance(node, MappingNode):
            held = {str(key.value): (key, value) for key, value in node.value}
            for key, value in values.items():
                if value is None:
                    continue
                if key in held:
                    self.put(held[key], as_yaml(str(value)), f"period.{key}")
                else:
                    self.first_of(node, f"{key}: {as_yaml(str(value))}", f"period.{key}")
        else:
            self.put(self.top["period"], as_yaml(str(now.span)), "period")

    def first_of(self, node: MappingNode, pair: str, said: str) -> None:
        """A key before the others of a section."""
        key = node.value[0][0]
        at = key.start_mark.index
        between = ", " if node.flow_style else self.newline + " " * key.start_mark.column
        self.puts.append((at, at, pair + between))
        self.changes.append((key.start_mark.line + 0.5, f"new: {said}: {pair.partition(': ')[2]}"))

    def forget_day(self) -> None:
        """Take `as_of` out, with its line."""
        if "as_of" not in self.top:
            return
        key, value = self.top["as_of"]
        start = self.text.rindex("\n", 0, key.start_mark.index) + 1 if key.start_mark.line else 0
        empty = value.start_mark.index == value.end_mark.index
        end = self.text.index("\n", (key if empty else value).end_mark.index) + 1
        line = key.start_mark.line + 1
        self.puts.append((start, end, ""))
        self.changes.append((line, f"line {line}: as_of: {plain(self.old.as_of or 'empty', 60)} taken out"))
