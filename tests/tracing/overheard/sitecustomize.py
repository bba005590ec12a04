"""Writes down every number that a study puts into words, with the value behind it: for the tests of this folder alone.

Python loads this module by itself where this folder stands in PYTHONPATH, before anything else; it acts only where
OVERHEARD names a folder to write to. One file a process, one line a text: what was shown, by which method, from which
value; and after the texts of a table or a chart its caption or title, and the values that it was drawn from.
"""

import importlib.abc
import importlib.machinery
import json
import os
import sys

PLACE = os.environ.get("OVERHEARD")
SAYING = ("number", "short", "share", "chance", "money", "about", "duration", "month", "months", "day", "instant")
_inside = 0


def _note(line):
    with open(os.path.join(PLACE, f"{os.getpid()}.jsonl"), "a", encoding="utf-8") as file:
        file.write(json.dumps(line, default=str) + "\n")


def _overheard(how, method):
    def said(self, value, *more, **named):
        global _inside  # noqa: PLW0603
        _inside += 1
        try:
            text = method(self, value, *more, **named)
        finally:
            _inside -= 1
        if not _inside:
            _note({"said": str(text), "how": how, "of": _plain(value), "with": [_plain(one) for one in more]})
        return text

    return said


def _plain(value):
    if isinstance(value, str | int | bool) or value is None:
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)


def _formats(module):
    for name in SAYING:
        setattr(module.Formats, name, _overheard(name, getattr(module.Formats, name)))


def _table(module):
    begun = module.Table.__init__

    def begin(self, *given, **named):
        begun(self, *given, **named)
        _note({"table": self.caption})

    module.Table.__init__ = begin


def _figure(module):
    begun = module.Figure.__init__

    def begin(self, *given, **named):
        begun(self, *given, **named)
        columns = [str(name) for name in self.data.columns]
        rows = [[_plain(cell) for cell in row] for row in self.data.itertuples(index=False)]
        _note({"chart": self.story.title, "columns": columns, "rows": rows})

    module.Figure.__init__ = begin


WATCHED = {
    "analysis.reporting.formats": _formats,
    "analysis.reporting.tables.table": _table,
    "analysis.reporting.charts.figure": _figure,
}


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name not in WATCHED:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None or spec.loader is None:
            return spec
        run = spec.loader.exec_module

        def exec_module(module):
            run(module)
            WATCHED[name](module)

        spec.loader.exec_module = exec_module
        return spec


if PLACE:
    sys.meta_path.insert(0, _Finder())
