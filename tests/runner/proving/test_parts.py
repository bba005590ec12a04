"""The page is kept in parts: a proof renews those of its designs, touches no other, and takes nothing away unasked."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.cli import app
from analysis.foundation.errors import InputError, UnknownName
from analysis.runner.progress import Quiet
from analysis.runner.proving.again import in_words
from analysis.runner.proving.command import page_again, prove_study
from analysis.runner.proving.designs import ROOMS
from analysis.runner.proving.limits import bonferroni_z
from analysis.runner.proving.misses import misses_of
from analysis.runner.proving.page import judged_and_missed, page, page_of
from analysis.runner.proving.page_words import SECTIONS
from analysis.runner.proving.parts import ROADS, Entry, Part, entries, every_entry, merged, parts_of
from analysis.runner.proving.parts_kept import keep, kept_in
from analysis.runner.proving.proof import Made, proof_of
from analysis.runner.proving.records import Records

DOCS = Path(__file__).parents[3] / "docs"
SERIES = ("series_24", "panel_few")
SEGMENTS = ("family_none", "family_few_large")
CODE = re.compile(r"\| (?P<road>in arrays|through files) \| [\d,]+ \| `(?P<code>\w+)` \| (?P<now>yes|no: .*) \|")


def prove(folder: Path, hazards: tuple[str, ...], **given):
    """Two companies of each hazard unless said; the page in `docs`, the records beside it."""
    given = {"worlds": 2, "customers": 2_000, "jobs": 1, "out": folder / "records", "pages": folder / "docs", **given}
    return prove_study(hazards=hazards, progress=Quiet(), **given)


@pytest.fixture(scope="module")
def proved(tmp_path_factory) -> Path:
    """Series, then segments: two proofs, one page."""
    folder = tmp_path_factory.mktemp("proved")
    prove(folder, SERIES)
    prove(folder, SEGMENTS)
    return folder


def bytes_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.json"))}


def test_parts_put_together_are_the_page_of_all_records_at_once(proved, tmp_path) -> None:
    at_once = prove(tmp_path, (*SERIES, *SEGMENTS), pages=None)
    text = (proved / "docs" / "validation.md").read_text(encoding="utf-8")
    assert at_once.page.read_text(encoding="utf-8") == text == page(at_once.proof)
    assert sorted(bytes_in(proved / "docs" / "validation")) == ["change_log.json", "segments.json"]
    assert not (tmp_path / "records" / "validation").exists(), "a page beside records has no parts"


def test_parts_lose_nothing_on_their_way_through_files(proved) -> None:
    folder = proved / "docs" / "validation"
    parts = kept_in(folder)
    assert [part.design for part in parts] == ["change_log", "segments"]
    assert page_of(parts) == (proved / "docs" / "validation.md").read_text(encoding="utf-8")
    for text in bytes_in(folder).values():
        assert text.endswith(b"}\n")
        assert max(map(len, text.splitlines())) < 1_000, "a line of the page a line"


def test_a_renewed_part_leaves_the_bytes_of_the_others(docs, tmp_path) -> None:
    before = bytes_in(docs / "validation")
    untouched = (docs / "validation" / "segments.json").stat()
    proved = prove(tmp_path, SERIES, worlds=3)
    after = bytes_in(docs / "validation")
    assert after["segments.json"] == before["segments.json"]
    assert (docs / "validation" / "segments.json").stat().st_mtime_ns == untouched.st_mtime_ns
    assert after["change_log.json"] != before["change_log.json"]
    assert proved.proof.hazards == SERIES, "what was proved is told apart from what was kept"
    text = proved.page.read_text(encoding="utf-8")
    assert "6 monthly series and panels were made up" in " ".join(text.split())
    assert "| `family_none` | 2 |" in text
    told = proved.to_dict()
    assert told["on_the_page"]["designs"] == ["change_log", "segments"]
    assert told["judged"] < told["on_the_page"]["judged"]
    assert "On the whole page" in str(proved)


def test_fewer_companies_do_not_take_the_place_of_more(docs, tmp_path) -> None:
    """Refused before any company is lived through; the error says what is there, what is offered, and the way out."""
    before, text = bytes_in(docs / "validation"), (docs / "validation.md").read_bytes()
    with pytest.raises(InputError) as refused:
        prove(tmp_path, ("series_24",), worlds=1)
    told = str(refused.value)
    assert (
        "change_log.json: tells of 4 companies of 2 kinds in arrays, and this proof has 1 of 1: "
        "`series_24` 1 instead of 2, `panel_few` 0 instead of 2." in told
    )
    assert "`--fewer`" in told
    assert not (tmp_path / "records").exists()
    assert (bytes_in(docs / "validation"), (docs / "validation.md").read_bytes()) == (before, text)
    renewed = prove(tmp_path, ("series_24",), worlds=1, fewer=True)
    (series, _) = renewed.parts
    assert series.arrays is not None
    assert [made.name for made in series.arrays.companies] == ["series_24"]


def test_a_design_that_lacks_a_kind_is_refused_though_it_has_more_of_another(docs, tmp_path) -> None:
    with pytest.raises(InputError, match="`panel_few` 0 instead of 2"):
        prove(tmp_path, ("series_24",), worlds=9)


def test_smaller_companies_do_not_take_the_place_of_larger(docs, tmp_path) -> None:
    before = bytes_in(docs / "validation")
    with pytest.raises(InputError, match="`family_none` 2 of 1,000 customers instead of 2 of 2,000"):
        prove(tmp_path, SEGMENTS, customers=1_000)
    assert bytes_in(docs / "validation") == before


def test_each_road_is_renewed_by_itself(tmp_path) -> None:
    """Arrays anew: the rows through files stay, with their code; files anew: the section stays. So does the picture."""
    docs = tmp_path / "docs"
    prove(tmp_path, ("none",), worlds=2, through_files=1, customers=1_500)
    (first,) = kept_in(docs / "validation")
    prove(tmp_path, ("none",), worlds=3, customers=1_500)
    (arrays_anew,) = kept_in(docs / "validation")
    assert arrays_anew.files == first.files
    assert arrays_anew.arrays != first.arrays
    assert first.files is not None
    assert first.arrays is not None
    picture = docs / "pictures" / "validation.svg"
    picture.write_bytes(b"as it was")
    (of_files,) = (one for one in (tmp_path / "records").glob("before_after-*") if list(one.glob("*-files-*")))
    earlier = of_files.rename(tmp_path / "before_after-0123456789ab")
    prove(tmp_path, (), records=[earlier], customers=1_500)
    (files_anew,) = kept_in(docs / "validation")
    assert files_anew.arrays == arrays_anew.arrays
    assert files_anew.files == first.files.model_copy(update={"code": ("0123456789ab",)})
    assert picture.read_bytes() == b"as it was"
    text = (docs / "validation.md").read_text(encoding="utf-8")
    now = {match["road"]: (match["code"], match["now"]) for match in CODE.finditer(text)}
    assert now["in arrays"] == (first.arrays.code[0], "yes")
    assert now["through files"] == ("0123456789ab", "no: an earlier one")


def test_limits_of_one_design_count_the_cells_of_the_parts_that_stay(records) -> None:
    """At once or one after the other, the last one's limits are the same: two cells of one, three of the other."""
    errors = [-1.0, -0.5, 0.0, 0.5, 1.0]
    channel = pd.concat([records(errors), records(errors, hazard="season", first_seed=500_000)])
    queues = pd.concat(
        [
            records(errors, hazard=name, estimand="orders_difference", truth=0.0, first_seed=seed, customers=60_000)
            for name, seed in (("queue_none", 2_200_000), ("queue_effect", 2_300_000), ("queue_harm", 2_400_000))
        ]
    )
    nothing = {name: pd.DataFrame(columns=list(Records.COLUMNS[name])) for name in ("gates", "hidden", "roads")}
    (kept,) = parts_of(proof_of(Records(effects=channel, **nothing)))
    assert kept.arrays is not None
    assert (kept.arrays.spread, kept.arrays.spread_over) == (2, 2)
    at_once = parts_of(proof_of(Records(effects=pd.concat([channel, queues]), **nothing)))[1]
    alone = proof_of(Records(effects=queues, **nothing), beside=kept.arrays.spread)
    (after,) = parts_of(alone)
    assert after == at_once
    assert after.arrays is not None
    assert (after.arrays.spread, after.arrays.spread_over) == (3, 5)
    half = bonferroni_z(5) * (0.95 * 0.05 / 5) ** 0.5
    assert [cell.accept_low for cell in alone.cells] == pytest.approx([0.95 - half] * 3)
    assert [part.design for part in merged([kept], [after])] == ["before_after", "service_effect"]


def test_the_command_counts_the_cells_that_stay_and_tells_them(tmp_path) -> None:
    """Three estimands of companies where nothing has an effect stay; two of roll-outs by lot would be judged by z of
    four cells alone."""
    prove(tmp_path, ("none",), customers=1_500)
    after = prove(tmp_path, ("rollout_none",), customers=1_500)
    channel, waves = (part.arrays for part in after.parts)
    assert channel is not None
    assert waves is not None
    assert waves.spread_over == waves.spread + channel.spread
    assert channel.spread_over == channel.spread == 3
    text = after.page.read_text(encoding="utf-8")
    assert f"| The channel: before and after an issue | in arrays | 3 | `{channel.code[0]}` | yes |" in text
    assert f"| in arrays | {waves.spread_over} | `{waves.code[0]}` | yes |" in text


def test_judged_and_missed_are_those_of_the_proof(small_proof_records) -> None:
    spoiled = replace(small_proof_records, effects=small_proof_records.effects.assign(grade="C"))
    made = (Made(design="before_after", files=False, code="0123456789ab"),)
    proof = proof_of(spoiled, small_proof_records, made)
    (part,) = parts_of(proof)
    judged, missed = judged_and_missed([part])
    assert judged == proof.judged
    assert missed == misses_of(proof)
    assert part.arrays is not None
    assert part.files is not None
    assert part.arrays.code == ("0123456789ab",)
    assert part.files.code == ()
    assert len(part.arrays.missed) == 1


def test_companies_through_files_told_under_another_head_have_a_table_of_their_own(small_proof_records) -> None:
    (part,) = parts_of(proof_of(small_proof_records, small_proof_records))
    assert part.files is not None
    other = Entry(**{**part.files.model_dump(), "told": ("| a | b |", "| --- | --- |", "| `queue_none` | 1 |")})
    text = page_of([part, Part(design="service_effect", files=other)])
    assert "\n\n| a | b |\n| --- | --- |\n| `queue_none` | 1 |\n" in text
    twice = page_of([part, Part(design="service_effect", files=part.files)])
    assert twice.count(part.files.told[0]) == 1
    assert twice.count(part.files.told[2]) == 2


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: text[: len(text) // 2], "is no part of the page of this design (Invalid JSON"),
        (lambda text: "[]", "is no part of the page of this design (Input should be an object"),
        (lambda text: text.replace('"judged": ', '"judged": -'), "(arrays.judged: Input should be greater than"),
        (lambda text: text.replace('"spread_over"', '"spread_round"'), "(arrays.spread_over: Field required"),
        (lambda text: text.replace('"change_log"', '"segments"'), "(it tells of `segments`)"),
        (lambda text: re.sub(r'"missed": \[\]', '"missed": ["a", "b"]', re.sub(r'"judged": \d+', '"judged": 0', text)),
         "limits are missed, of 0 that were judged)"),
    ],
)  # fmt: skip
def test_a_part_that_cannot_be_read_is_named(docs, tmp_path, spoil, said) -> None:
    path = docs / "validation" / "change_log.json"
    path.write_text(spoil(path.read_text(encoding="utf-8")), encoding="utf-8")
    before, text = bytes_in(docs / "validation"), (docs / "validation.md").read_bytes()
    with pytest.raises(InputError) as refused:
        prove(tmp_path, SEGMENTS)
    assert f"{path}: " in str(refused.value)
    assert said in str(refused.value)
    assert "Take it back from version control, or delete it and prove the design anew: change_log." in str(
        refused.value
    )
    assert (bytes_in(docs / "validation"), (docs / "validation.md").read_bytes()) == (before, text)
    assert not (tmp_path / "records").exists()


def test_a_file_of_no_design_is_named_beside_other_faults(docs) -> None:
    (docs / "validation" / "notes.json").write_text("{}")
    (docs / "validation" / "segments.json").write_bytes(b"\xff")
    with pytest.raises(InputError) as refused:
        page_again(docs)
    assert "notes.json: is named after no design that is proved. Move it elsewhere." in str(refused.value)
    assert "segments.json: is no part" in str(refused.value)


def test_the_page_again_from_its_parts_by_the_command(docs) -> None:
    before, text = bytes_in(docs / "validation"), (docs / "validation.md").read_bytes()
    (docs / "validation.md").unlink()
    result = CliRunner().invoke(app, ["prove", "--again", "--page", str(docs), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["on_the_page"]["designs"] == ["change_log", "segments"]
    assert (bytes_in(docs / "validation"), (docs / "validation.md").read_bytes()) == (before, text)
    lost = CliRunner().invoke(app, ["prove", "--again", "--page", str(docs / "nowhere")])
    assert isinstance(lost.exception, InputError)
    assert lost.exception.exit_status == 2
    assert not (docs / "nowhere").exists()


def test_a_whole_design_is_asked_for_by_its_name(tmp_path) -> None:
    proved = prove(tmp_path, (), designs=("change_log",), worlds=1)
    assert len(proved.proof.hazards) == 8
    assert {name.partition("_")[0] for name in proved.proof.hazards} == {"series", "panel"}
    with pytest.raises(UnknownName, match="Did you mean `segments`"):
        prove(tmp_path, (), designs=("segment",))


def missed_in_tables(text: str) -> int:
    """Verdicts name what was missed, or say no more than that; gates say it beside their share."""
    rows = "\n".join(line for line in text.splitlines() if line.startswith("|"))
    named = [names.count(",") + 1 for names in re.findall(r"\*\*missed: ([^*|]+)\*\*", rows)]
    return sum(named) + rows.count("**missed**") + len(re.findall(r"\*\*[^*|]+ %[^*|]*, missed: ", rows))


def test_the_committed_page_is_that_of_the_committed_parts() -> None:
    """But for whether code is that of today, which is told of the day the page was made on."""
    text = (DOCS / "validation.md").read_text(encoding="utf-8")
    parts = kept_in(DOCS / "validation")
    told = {(match["road"] == "through files", match["code"]): match["now"] for match in CODE.finditer(text)}
    now = defaultdict(bool, {road: said == "yes" for road, said in told.items()})
    for files in ROADS:
        for entry in entries(parts, files).values():
            for (
                again
            ) in entry.again:  # of several that found the same in as many, one is of the day's code: any will do
                row = told[files, again.of]
                now[files, again.code] = f" {again.companies:,} of its" in row and in_words(again) in row
                if now[files, again.code]:
                    break
    assert page_of(parts, lambda _, files, code: now[files, code]) == text
    judged, missed = judged_and_missed(parts)
    assert f"Of {judged:,} limits judged, {judged - len(missed):,} were held." in " ".join(text.split())
    told = " ".join(text.split())
    for miss in missed:
        assert " ".join(miss.split()) in told
    assert len(missed) == missed_in_tables(text)
    assert {part.design for part in parts} == set(ROOMS) == set(SECTIONS)


def test_the_committed_parts_are_as_they_would_be_written(tmp_path) -> None:
    keep(kept_in(DOCS / "validation"), tmp_path)
    assert bytes_in(tmp_path) == bytes_in(DOCS / "validation")
    for entry in every_entry(kept_in(DOCS / "validation")):
        assert entry.code
        assert entry.companies
        assert entry.judged > 0
        told = re.findall(r"(?m)^\| `(\w+)` \|", "\n".join(entry.told))
        assert {made.name for made in entry.companies} == set(told)
