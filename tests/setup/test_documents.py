"""What the documents say can be followed: links and anchors lead somewhere, blocks are run, commands exist.

The tutorial, source maps, hypotheses and estimators have tests of their own beside what they speak of.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main

from analysis.foundation.calendar import Month, months_between
from analysis.metrics import compute
from analysis.metrics.catalogue import Definition, definitions
from analysis.metrics.compute import care_metrics
from analysis.runner.params import load_params
from analysis.tables.load import Source, open_tables, prepare

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
DESIGNS = sorted((DOCS / "designs").glob("*.md"))
RUN_ELSEWHERE = {  # blocks of Python, and which test runs them
    "own_estimator.md": "tests/studies/test_own_estimator.py",
}
KINDS = {"sh", "python", "yaml", "toml", "csv", "text", "json"}
TICKETS = (
    "Id,Requester id,Group,Status,Priority,Via,Created at,Updated at,Solved at,First reply time in minutes\n"
    "1,C17,Support,Closed,Normal,Mail,2026-07-01 09:00,2026-07-01 10:00,2026-07-01 10:00,5\n"
    "2,C08,Support,Closed,Normal,Chat,2026-07-02 09:00,2026-07-02 10:00,2026-07-02 10:00,5\n"
)
SECTIONS = (
    "## What it assumes", "## When not to use it", "## What it needs", "## Its checks, and what to do when one fails",
    "## How far it can be believed", "## Sources",
)  # fmt: skip


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, kind: str) -> list[str]:
    """The fenced blocks of a kind, in their order."""
    return re.findall(rf"^ *```{kind}\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.M | re.S)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them; of two alike the second ends in -1."""
    found: dict[str, int] = {}
    made = set()
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for heading in re.findall(r"^#{1,6} (.+)$", prose, re.M):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
        slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        again = found.get(slug, 0)
        made.add(f"{slug}-{again}" if again else slug)
        found[slug] = again + 1
    return made


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_and_their_anchors_lead_somewhere(page: Path) -> None:
    for address in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in address or address.startswith("mailto:"):
            continue
        path, _, anchor = address.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {address}"
        if anchor:
            assert anchor in anchors(target), f"{page.name}: {address}"


def test_a_lost_anchor_would_be_seen() -> None:
    assert "gates-of-the-other-designs" in anchors(DOCS / "grades.md")
    assert "answered-in-time-service_effect" in anchors(DOCS / "grades.md")
    assert "no-such-heading" not in anchors(DOCS / "grades.md")


def test_every_block_says_what_it_holds_and_python_is_run() -> None:
    for page in PAGES:
        opened = re.findall(r"^ *```(\w*)$", page.read_text(encoding="utf-8"), re.M)
        assert set(opened[::2]) <= KINDS, page.name
        assert set(opened[1::2]) <= {""}, page.name
        if "python" in opened and page not in DESIGNS and page.name != "extending.md":
            assert page.name in (ROOT / RUN_ELSEWHERE[page.name]).read_text(encoding="utf-8")


def commands() -> dict[str, Any]:
    from analysis.cli import app

    return dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def test_every_command_in_the_documents_exists_with_its_options() -> None:
    known = commands()
    seen = 0
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        typed = [line for block in blocks(page, "sh") for line in block.splitlines()]
        typed += re.findall(r"`(touchstone [^`\n]+)`", text)
        for line in typed:
            words = line.split("#")[0].replace(".venv/bin/", "").split()
            if words[:1] != ["touchstone"] or len(words) < 2 or words[1].startswith("-"):
                continue
            seen += 1
            assert words[1] in known, f"{page.name}: {line}"
            options = {name for one in known[words[1]].params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
            for word in re.findall(r"(?<![\w-])--[a-z][a-z-]*", line):
                assert word in options, f"{page.name}: {line} has no {word}"
    assert seen > 60


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"`make ([a-z]+)`", text) + re.findall(r"^make ([a-z]+)", text, re.M):
            assert target in targets, f"{page.name}: make {target}"


@pytest.mark.parametrize("page", DESIGNS, ids=lambda page: page.stem)
def test_a_page_of_a_design_says_what_it_must(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert all(section in text for section in SECTIONS)
    assert all(f"**{word}**" in text for word in ("Answers", "Compares"))
    assert len(re.findall(r"^- ", text.split(SECTIONS[1])[1].split("\n## ")[0], re.M)) >= 2
    assert f"designs/{page.name}" in (DOCS / "designs.md").read_text(encoding="utf-8")
    [alt] = re.findall(rf"!\[([^\]]*)\]\(\.\./pictures/designs/{page.stem}\.png\)", text)
    assert alt == json.loads((DOCS / "pictures" / "designs" / "said.json").read_text(encoding="utf-8"))[page.stem]
    assert (DOCS / "pictures" / "designs" / f"{page.stem}.png").stat().st_size <= 60 * 1024


def test_every_step_that_compares_has_its_page() -> None:
    from analysis.runner.params_model import Params

    kinds = re.findall(r"'(\w+)'", str(Params.model_fields["designs"].annotation))
    assert {page.stem for page in DESIGNS} >= set(kinds)


@pytest.mark.parametrize("page", DESIGNS, ids=lambda page: page.stem)
def test_the_smallest_parameters_of_a_design_can_be_read(page: Path, tmp_path: Path) -> None:
    [example] = blocks(page, "yaml")
    (tmp_path / "data").mkdir()
    (tmp_path / "smallest.yaml").write_text(example, encoding="utf-8")
    values = load_params(tmp_path / "smallest.yaml").values
    assert values.study == "smallest"


@pytest.mark.parametrize("page", DESIGNS, ids=lambda page: page.stem)
def test_the_figures_of_a_design_stand_in_the_validation(page: Path) -> None:
    """Figures with three decimals or more are quoted from the page that `make prove` writes."""
    validation = (DOCS / "validation.md").read_text(encoding="utf-8")
    told = page.read_text(encoding="utf-8").split("## How far it can be believed")[1].split("\n## ")[0]
    for number in re.findall(r"[+-]?\d\.\d{3,}", told):
        assert number in validation, f"{page.name} says {number}"


def test_the_metrics_of_the_page_on_extending_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By hand: of four mentions, those at 23:00, 03:00 and 22:15 are by night; of three orders one has no customer."""
    added = {
        name: Definition(id=name, **entry)
        for block in blocks(DOCS / "extending.md", "toml")
        for name, entry in tomllib.loads(block).items()
    }
    assert set(added) == {"mentions_by_night", "share_without_customer"}
    assert not set(added) & set(definitions())
    monkeypatch.setattr(compute, "definitions", lambda: {**definitions(), **added})
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mentions.csv").write_text(
        "mention_id,posted_at,platform\nm1,2026-07-01T23:00:00Z,x\nm2,2026-07-02T03:00:00Z,x\n"
        "m3,2026-07-02T12:00:00Z,x\nm4,2026-08-02T22:15:00Z,facebook\n",
        encoding="utf-8",
    )
    (tmp_path / "data" / "orders.csv").write_text(
        "order_id,customer_id,ordered_at,revenue,currency\no1,c1,2026-07-01T10:00:00Z,10,EUR\n"
        "o2,,2026-07-01T10:00:00Z,10,EUR\no3,c2,2026-07-09T10:00:00Z,10,EUR\n",
        encoding="utf-8",
    )
    months = months_between(Month.of("2026-07"), Month.of("2026-08"))
    with open_tables(prepare([Source(tmp_path / "data")], cache=tmp_path / "cache")) as tables:
        found = care_metrics(tables, months=months, zone="UTC", only=set(added))
    told = {(row.id, row.period, *row.segment.values()): row.value for row in found.metrics}
    assert told["mentions_by_night", "2026-07", "x"] == 2
    assert told["mentions_by_night", "2026-08", "facebook"] == 1
    assert told["mentions_by_night", found.whole, "x"] == 2
    assert told["share_without_customer", "2026-07"] == pytest.approx(1 / 3)
    assert told["share_without_customer", "2026-08"] is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"table": "mention"}, "counts by `mention.posted_at`, which the contract does not know"),
        ({"time": "sent_at"}, "counts by `mentions.sent_at`, which the contract does not know"),
        ({"above": "count[*]"}, "a ratio has something above and something below"),
        ({"above": "sum(1)", "below": "count(*)"}, "rows that are counted are additive"),
    ],
)
def test_a_metric_whose_counting_cannot_be_is_refused(change: dict[str, str], words: str) -> None:
    [first, *_] = blocks(DOCS / "extending.md", "toml")
    [(name, entry)] = tomllib.loads(first).items()
    entry["count"] |= change
    with pytest.raises(ValueError, match=re.escape(words)):
        Definition(id=name, **entry)


def test_the_estimator_of_the_page_on_extending_by_hand() -> None:
    """Contacted 10 before and 18 after, comparison customers 20 and 30 (weights 2): 1.8 / 1.5 = 1.2."""
    import pandas as pd

    [code] = blocks(DOCS / "extending.md", "python")
    names: dict[str, Any] = {}
    exec(code, names)
    rows = pd.DataFrame(
        {
            "contacted": [True, True, False, False, False],
            "before": [4, 6, 5, 5, 9], "after": [8, 10, 7, 8, 99], "weight": [1.0, 1.0, 2.0, 2.0, 0.0],
            "customer": [1, 2, 3, 4, 5],
        }
    )  # fmt: skip
    before = rows.copy()
    found = names["of_sums"](rows)
    assert found.value == pytest.approx(1.2)
    parts = [8 / 18 - 4 / 10, 10 / 18 - 6 / 10, 10 / 20 - 14 / 30, 10 / 20 - 16 / 30]
    assert found.se_log == pytest.approx(sum(part**2 for part in parts) ** 0.5)
    assert (found.n_treated, found.n_comparison) == (2, 2)
    pd.testing.assert_frame_equal(rows, before)


def test_the_way_from_an_export_to_a_plan_can_be_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command of the page, in its order, on the files it shows and a ticket of each customer."""
    from typer.testing import CliRunner

    from analysis.cli import app

    page = DOCS / "own_export.md"
    [receipts], [mapping, study] = blocks(page, "csv"), blocks(page, "yaml")
    for folder in ("maps", "params"):
        (tmp_path / folder).mkdir()
    (tmp_path / "receipts.csv").write_text(receipts, encoding="utf-8")
    (tmp_path / "maps" / "till.yaml").write_text(mapping, encoding="utf-8")
    (tmp_path / "params" / "study.yaml").write_text(study, encoding="utf-8")
    (tmp_path / "tickets.csv").write_text(TICKETS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    commands_typed = [line for block in blocks(page, "sh") for line in block.splitlines()]
    assert len(commands_typed) == 3
    said = []
    for line in commands_typed:
        done = CliRunner().invoke(app, line.split()[1:])
        assert done.exit_code == 0, f"{line}\n{done.output}"
        said.append(done.output)
    assert 'order_id: "Receipt"' in said[0]
    assert "TODO" in said[0]
    [promised] = blocks(page, "text")
    assert all(line in said[1] for line in promised.splitlines())
    assert "before_after" in said[2]


def test_what_to_cite_is_this_version() -> None:
    from ruamel.yaml import YAML

    import analysis

    cited = YAML(typ="safe").load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["version"] == analysis.__version__
    assert (cited["type"], cited["license"]) == ("software", "MIT")
