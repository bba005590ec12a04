"""Companies studied again by later code: figure beside figure, kept with the part, told by the page."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from analysis.cli import app
from analysis.foundation.errors import InputError
from analysis.runner.progress import Quiet
from analysis.runner.proving.again import compared, in_words
from analysis.runner.proving.again_kept import study_again
from analysis.runner.proving.command import prove_study
from analysis.runner.proving.page import page_of
from analysis.runner.proving.parts import Again, Entry, Part, parts_of
from analysis.runner.proving.parts_kept import keep, kept_in
from analysis.runner.proving.proof import Made, proof_of
from analysis.runner.proving.records import DEFAULT, Records

EARLIER, LATER = "0123456789ab", "ba9876543210"
NOTHING = {
    **dict.fromkeys(("moved", "ends", "beside", "errors"), 0.0),
    **dict.fromkeys(("unmeasured", "grades", "verdicts", "answers"), 0),
}
HAZARDS = ("series_24", "panel_few", "family_none")


def changed(records: Records, place: int, **columns: object) -> Records:
    """The same records with other figures in one row of the answers."""
    effects = records.effects.copy()
    for name, value in columns.items():
        effects.loc[place, name] = value
    return replace(records, effects=effects)


def found(earlier: Records, later: Records) -> Again:
    return compared(earlier, later, of=EARLIER, code=LATER)


def beyond_nothing(again: Again) -> dict[str, object]:
    return {name: value for name, value in again.model_dump().items() if name in NOTHING and value != NOTHING[name]}


@pytest.fixture
def companies(small_proof_records) -> Records:
    """Eighty companies of two kinds; gates are those of companies that have answers."""
    gates = small_proof_records.gates
    first = gates["hazard"].map({"none": 100_000, "confounded_strong": 1_200_000})
    return replace(small_proof_records, gates=gates.assign(seed=gates["seed"] + first))


def test_the_same_records_move_nothing(companies) -> None:
    later = replace(companies, effects=companies.effects.sample(frac=1, random_state=1))
    again = found(companies, later)
    assert (again.companies, again.kinds, again.figures) == (80, 2, 160)
    assert beyond_nothing(again) == {}
    assert in_words(again) == "nothing moved"


def test_only_companies_that_both_have_are_compared(companies) -> None:
    """The later code has studied three companies, two of them among those of before."""
    own = companies.effects[companies.effects["seed"].isin([100_000, 100_001])]
    stranger = own[own["seed"] == 100_000].assign(seed=99, value=5.0)
    gates = companies.gates[companies.gates["seed"] < 100_002]
    again = found(companies, replace(companies, effects=pd.concat([own, stranger]), gates=gates))
    assert (again.companies, again.kinds, again.figures) == (2, 1, 6)
    assert beyond_nothing(again) == {}


def test_a_ratio_moves_by_its_logarithm_and_a_difference_as_it_is(companies) -> None:
    """By half a standard error of 0.02, and by a quarter of 0.1; the ends of a ratio's interval by their own."""
    ratio, low = companies.effects.loc[3, ["value", "low"]]
    up = changed(companies, 3, value=ratio * math.exp(0.01), low=low * math.exp(-0.03))
    assert beyond_nothing(found(companies, up)) == {"moved": pytest.approx(0.5), "ends": pytest.approx(1.5)}
    place = companies.effects.index[companies.effects["estimand"] == "orders_difference"][7]
    down = changed(companies, place, value=companies.effects.loc[place, "value"] - 0.025, se=0.11)
    assert beyond_nothing(found(companies, down)) == {"moved": pytest.approx(0.25), "errors": pytest.approx(0.1)}


def test_an_estimator_beside_the_study_moves_apart_from_it(companies) -> None:
    """The study's own ratio moves by half a standard error, one beside it by three: of that, the page tells apart."""
    rows = companies.effects["estimator"] == DEFAULT
    beside = companies.effects[rows & (companies.effects["estimand"] == "orders_ratio")].assign(estimator="raw")
    both = replace(companies, effects=pd.concat([companies.effects, beside], ignore_index=True))
    far = both.effects.index[both.effects["estimator"] == "raw"][0]
    moved = both.effects["value"].to_numpy() * np.exp(
        np.select([both.effects.index == 3, both.effects.index == far], [0.01, 0.06])
    )
    again = found(both, replace(both, effects=both.effects.assign(value=moved)))
    assert beyond_nothing(again) == {"moved": pytest.approx(0.5), "beside": pytest.approx(3.0)}
    assert "by more than 0.51 of its standard error (of the estimators beside the study's own: 3.1)" in in_words(
        again.model_copy(update={"moved": 0.501, "beside": 3.01})
    )


def test_grades_and_verdicts_that_are_others_are_counted(companies) -> None:
    gates = companies.gates.copy()
    gates.loc[[0, 50], "verdict"] = "not applicable"
    later = replace(changed(companies, 3, grade="C"), gates=gates)
    assert beyond_nothing(found(companies, later)) == {"grades": 1, "verdicts": 2}


@pytest.mark.parametrize("turned", [False, True])
def test_an_answer_that_one_of_them_refused_is_counted_and_not_measured(companies, turned) -> None:
    refused = changed(companies, 3, value=math.nan, low=math.nan, high=math.nan, se=math.nan, grade="D")
    again = found(refused, companies) if turned else found(companies, refused)
    assert beyond_nothing(again) == {"answers": 1}
    assert again.figures == 159
    both = found(refused, refused)
    assert beyond_nothing(both) == {}


@pytest.mark.parametrize("se", [0.0, math.nan, math.inf])
def test_without_a_standard_error_a_figure_is_the_same_or_another(companies, se) -> None:
    bare = changed(companies, 3, se=se)
    value = companies.effects.loc[3, "value"]
    assert beyond_nothing(found(bare, bare)) == {}
    assert beyond_nothing(found(bare, changed(bare, 3, value=value * (1 + 1e-12)))) == {}
    assert beyond_nothing(found(bare, changed(bare, 3, value=value + 1, low=0.0))) == {"unmeasured": 1}
    assert beyond_nothing(found(bare, companies)) == {"unmeasured": 1}, "there is one now"


def test_an_end_that_is_infinite_or_missing_in_one_alone_is_counted(companies) -> None:
    place = companies.effects.index[companies.effects["estimand"] == "orders_difference"][0]
    without, unbounded = (changed(companies, place, high=end) for end in (math.nan, math.inf))
    assert beyond_nothing(found(unbounded, unbounded)) == {}
    for other in (without, unbounded):
        assert beyond_nothing(found(companies, other)) == {"unmeasured": 1}
        assert beyond_nothing(found(other, companies)) == {"unmeasured": 1}
    assert beyond_nothing(found(companies, changed(companies, 3, low=0.0))) == {"unmeasured": 1}, "a ratio of zero"


def test_another_truth_is_another_company(companies) -> None:
    other = changed(companies, 3, truth=1.0 + 1e-6)
    with pytest.raises(InputError) as refused:
        found(companies, other)
    assert "`none`, seed 100003: is not the same company as in the records of `0123456789ab`" in str(refused.value)
    assert "`orders_ratio` has another truth (1 of 160 rows)" in str(refused.value)
    assert beyond_nothing(found(companies, changed(companies, 3, truth=1.0 + 1e-12))) == {}


def test_rows_that_one_of_them_lacks_are_refused(companies) -> None:
    fewer = replace(companies, effects=companies.effects.drop(index=3))
    with pytest.raises(InputError, match=r"seed 100003: has `default` on `orders_ratio` only in .* \(1 of 160 rows\)"):
        found(companies, fewer)
    with pytest.raises(InputError, match="`default` on `orders_ratio` not in the records of `0123456789ab`"):
        found(fewer, companies)
    twice = replace(companies, effects=pd.concat([companies.effects, companies.effects.loc[[3]]]))
    with pytest.raises(InputError, match="`default` on `orders_ratio` not in"):
        found(companies, twice)
    with pytest.raises(InputError, match="has `orders` on `placebo_date` only in"):
        found(companies, replace(companies, gates=companies.gates.drop(index=5)))


def test_nothing_in_common_and_one_code_are_refused(companies) -> None:
    elsewhere = replace(companies, effects=companies.effects.assign(customers=500))
    with pytest.raises(InputError, match="`0123456789ab` and `ba9876543210` have no company in common"):
        found(companies, elsewhere)
    with pytest.raises(InputError, match="both of the code `0123456789ab`"):
        compared(companies, companies, of=EARLIER, code=EARLIER)


def test_records_without_any_gate_are_compared(companies) -> None:
    nothing = replace(companies, gates=companies.gates.head(0).astype(object))
    assert beyond_nothing(found(nothing, nothing)) == {}
    with pytest.raises(InputError, match="not in the records"):
        found(nothing, companies)


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        ({}, "nothing moved"),
        ({"moved": 0.000401}, "no estimate and no end of its interval moved by more than 0.00041 of its standard "
         "error, no grade and no verdict"),
        ({"ends": 1e-11}, "no estimate and no end of its interval moved by more than a millionth of its standard "
         "error, no grade and no verdict"),
        ({"moved": 12.31, "grades": 1}, "no estimate and no end of its interval moved by more than 13 of its standard "
         "error, but 1 of 2,400 grades is another"),
        ({"verdicts": 5, "grades": 3, "unmeasured": 2}, "no estimate and no end of its interval moved, but 2 figures "
         "without a standard error, 3 of 2,400 grades and 5 verdicts are others"),
        ({"answers": 1}, "no estimate and no end of its interval moved, but 1 estimate was given by one code and "
         "refused by the other"),
        ({"verdicts": 1, "answers": 2}, "no estimate and no end of its interval moved, but 1 verdict is another and "
         "2 estimates were given by one code and refused by the other"),
    ],
)  # fmt: skip
def test_what_moved_is_told_in_words(moved, said) -> None:
    again = Again(of=EARLIER, code=LATER, companies=240, kinds=12, figures=2_400, **{**NOTHING, **moved})
    assert in_words(again) == said


def of_code(records: Records, code: str) -> Part:
    (part,) = parts_of(proof_of(records, None, (Made(design="before_after", files=False, code=code),)))
    return part


def entry_of(part: Part) -> Entry:
    assert part.arrays is not None
    return part.arrays


def test_a_part_without_companies_studied_again_is_written_as_it_was(companies, tmp_path) -> None:
    part = of_code(companies, EARLIER)
    keep([part], tmp_path)
    path = tmp_path / "before_after.json"
    before = path.read_bytes()
    assert "again" not in json.loads(before)["arrays"]
    keep(kept_in(tmp_path), tmp_path)
    assert path.read_bytes() == before
    again = found(companies, changed(companies, 3, grade="C"))
    keep([part.model_copy(update={"arrays": entry_of(part).with_again(again)})], tmp_path)
    told = json.loads(path.read_bytes())
    assert told["arrays"].pop("again") == [again.model_dump()]
    assert told == json.loads(before)
    (kept,) = kept_in(tmp_path)
    assert entry_of(kept).again == (again,)


def test_the_same_later_code_takes_the_place_of_what_it_found_before(companies) -> None:
    entry = entry_of(of_code(companies, EARLIER))
    first, second = found(companies, companies), found(companies, changed(companies, 3, grade="C"))
    other = compared(companies, companies, of=EARLIER, code="another")
    assert entry.with_again(first).with_again(other).with_again(second).again == (other, second)
    with pytest.raises(ValidationError, match="the code stranger were studied again, and it made none of these"):
        Entry(**{**entry.model_dump(), "again": (first.model_copy(update={"of": "stranger"}),)})


def test_the_page_says_what_the_code_of_now_found(companies) -> None:
    part = of_code(companies, EARLIER)
    again = found(companies, companies)
    told = part.model_copy(update={"arrays": entry_of(part).with_again(again)})
    row = f"| `{EARLIER}` | no: an earlier one; 80 of its companies were studied again by this one: nothing moved |"
    assert row in page_of([told], lambda design, files, code: code == LATER)
    assert f"| `{EARLIER}` | yes |" in page_of([told], lambda design, files, code: code == EARLIER)
    neither = page_of([told], lambda design, files, code: False)
    assert f"| `{EARLIER}` | no: an earlier one |" in neither
    assert neither == page_of([part], lambda design, files, code: False)


def as_if_by(folder: Path, code: str) -> list[Path]:
    """Folders of records, renamed as if other code had made them."""
    return [
        path.rename(path.with_name(f"{path.name.rpartition('-')[0]}-{code}")) for path in sorted(folder.glob("*-*"))
    ]


@pytest.fixture(scope="module")
def proved(tmp_path_factory) -> Path:
    """A page of two companies of each kind, by earlier code, and one company of each studied by the code of now."""
    folder = tmp_path_factory.mktemp("proved")
    given = {"hazards": HAZARDS, "customers": 2_000, "jobs": 1, "progress": Quiet()}
    prove_study(worlds=2, out=folder / "earlier", **given)
    as_if_by(folder / "earlier", EARLIER)
    earlier = sorted((folder / "earlier").glob("*-*"))
    prove_study(records=earlier, pages=folder / "docs", customers=2_000, progress=Quiet())
    prove_study(worlds=1, out=folder / "later", **given)
    return folder


def folders(proved: Path, name: str) -> list[Path]:
    return sorted(path for path in (proved / name).glob("*-*") if path.is_dir())


def test_the_command_compares_keeps_and_tells(proved, docs) -> None:
    assert (docs / "validation.md").read_text(encoding="utf-8").count("| no: an earlier one |") == 2
    called = ["prove", "--customers", "2000", "--page", str(docs)]
    for option, name in (("--compare", "earlier"), ("--records", "later")):
        called += [word for path in folders(proved, name) for word in (option, str(path))]
    result = CliRunner().invoke(app, [*called, "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    rows = {one["design"]: one for one in told["studied_again"]}
    assert {design: (one["companies"], one["kinds"]) for design, one in rows.items()} == {
        "change_log": (2, 2),
        "segments": (1, 1),
    }
    assert all(one["told"] and one["of"] == EARLIER and one["road"] == "in arrays" for one in rows.values())
    text = (docs / "validation.md").read_text(encoding="utf-8")
    for part, number in zip(
        kept_in(docs / "validation"), ("2 of its companies were", "1 of its companies was"), strict=True
    ):
        (again,) = entry_of(part).again
        assert again.code == rows[part.design]["code"]
        assert max(again.moved, again.ends, again.beside, again.errors) < 1e-9, (
            "a sum may round otherwise in another process"
        )
        assert f"| no: an earlier one; {number} studied again by this one: {in_words(again)} |" in text
    once = {path.name: path.read_bytes() for path in docs.rglob("*.*")}
    said = CliRunner().invoke(app, called)
    assert "change_log, in arrays, `0123456789ab` and `" in said.stdout
    assert "`, 2 companies of 2 kinds, estimates that both gave: " in said.stdout
    assert "`, 1 company of 1 kind, " in said.stdout
    assert {path.name: path.read_bytes() for path in docs.rglob("*.*")} == once, "once more is the same"


def test_a_proof_of_the_design_takes_away_what_was_found_again(proved, docs) -> None:
    study_again(folders(proved, "earlier"), folders(proved, "later"), pages=docs, customers=2_000)
    given = {"designs": ("change_log",), "records": folders(proved, "earlier"), "customers": 2_000}
    prove_study(pages=docs, progress=Quiet(), **given)
    series, segments = (entry_of(part).again for part in kept_in(docs / "validation"))
    assert (series, len(segments)) == ((), 1)


def test_later_code_that_is_not_that_of_now_is_kept_and_not_told(proved, docs, tmp_path) -> None:
    (later,) = (path for path in folders(proved, "later") if path.name.startswith("change_log"))
    moved = tmp_path / f"change_log-{LATER}"
    moved.mkdir()
    for path in later.iterdir():
        (moved / path.name).write_bytes(path.read_bytes())
    text = (docs / "validation.md").read_bytes()
    given = {"designs": ("change_log",), "customers": 2_000, "pages": docs}
    assert "Kept, but not on the page" in str(study_again(folders(proved, "earlier"), [moved], **given))
    assert (docs / "validation.md").read_bytes() == text
    study_again(folders(proved, "earlier"), [later], **given)
    assert len(entry_of(kept_in(docs / "validation")[0]).again) == 2


def refused(proved: Path, docs: Path, earlier: list[Path], later: list[Path], **given: object) -> str:
    """What is said of it; nothing is written."""
    before = {path: path.read_bytes() for path in docs.rglob("*.*")}
    with pytest.raises(InputError) as error:
        study_again(earlier, later, **{"pages": docs, "customers": 2_000, **given})
    assert {path: path.read_bytes() for path in docs.rglob("*.*")} == before
    return str(error.value)


def test_what_cannot_be_compared_is_refused_and_nothing_is_written(proved, docs, tmp_path) -> None:
    earlier, later = folders(proved, "earlier"), folders(proved, "later")
    assert "names no folder" in refused(proved, docs, earlier, [])
    assert "no companies of the size asked for" in refused(
        proved, docs, earlier, later, customers=9, designs=["segments"]
    )
    assert "holds no part of the page" in refused(proved, docs, earlier, later, pages=tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    turned = refused(proved, docs, later, earlier)
    assert "2 faults were found" in turned
    assert f"tells of no companies in arrays that the code `{later[0].name.rpartition('-')[2]}` has made" in turned
    assert "but of those by `0123456789ab`" in turned
    assert "segments, in arrays: `--records` has no companies to compare" in refused(proved, docs, earlier, later[:1])
    assert "segments, in arrays: `--compare` has no companies to compare" in refused(proved, docs, earlier[:1], later)
    assert "both of the code `0123456789ab`" in refused(proved, docs, earlier, earlier)
    (docs / "validation" / "segments.json").unlink()
    assert "segments.json: tells of no companies in arrays, or is not there" in refused(proved, docs, earlier, later)


def test_companies_that_the_page_does_not_tell_of_are_not_compared(proved, docs) -> None:
    """Records of the earlier code may be more than the part was made of."""
    (series, *_) = kept_in(docs / "validation")
    entry = entry_of(series)
    fewer = entry.model_copy(update={"companies": tuple(one for one in entry.companies if one.name == "panel_few")})
    keep([series.model_copy(update={"arrays": fewer})], docs / "validation")
    given = {"designs": ("change_log",), "pages": docs, "customers": 2_000}
    ((_, _, again),) = study_again(folders(proved, "earlier"), folders(proved, "later"), **given).found
    assert (again.companies, again.kinds) == (1, 1)


def test_each_road_is_compared_by_itself(tmp_path) -> None:
    """A company in arrays and the same one through files: what was found again goes to the entry of its road."""
    given = {"customers": 1_500, "jobs": 1, "progress": Quiet()}
    prove_study(worlds=1, hazards=("none",), through_files=1, out=tmp_path / "out", **given)
    (files,) = (path for path in (tmp_path / "out").glob("before_after-*") if list(path.glob("*-files-*")))
    earlier = tmp_path / "earlier" / f"before_after-{EARLIER}"
    earlier.mkdir(parents=True)
    for path in files.glob("*-files-*"):
        (earlier / path.name).write_bytes(path.read_bytes())
    prove_study(records=[earlier], pages=tmp_path / "docs", **given)
    both = sorted((tmp_path / "out").glob("before_after-*"))
    with pytest.raises(InputError, match="before_after, in arrays: `--compare` has no companies"):
        study_again([earlier], both, pages=tmp_path / "docs", customers=1_500)
    told = study_again([earlier], [files], pages=tmp_path / "docs", customers=1_500)
    (part,) = kept_in(tmp_path / "docs" / "validation")
    assert part.arrays is None
    assert part.files is not None
    assert part.files.again == tuple(again for *_, again in told.found)
    assert "| in arrays |" not in (tmp_path / "docs" / "validation.md").read_text(encoding="utf-8")
    assert "before_after, through files, " in str(told)


@pytest.mark.parametrize("name", ["records", "change_log-", "change_log-ANY", "segments-0123456789ab"])
def test_a_folder_that_names_no_code_is_refused(proved, docs, tmp_path, name) -> None:
    """Whatever stands where the hash should would be kept in the part."""
    strange = shutil.copytree(folders(proved, "earlier")[0], tmp_path / name)
    before = {path.name: path.read_bytes() for path in docs.rglob("*.*")}
    with pytest.raises(InputError, match="is not named `change_log-` and the twelve digits"):
        study_again([strange], folders(proved, "later"), pages=docs, customers=2_000)
    assert {path.name: path.read_bytes() for path in docs.rglob("*.*")} == before


def test_a_folder_is_known_by_its_own_name_wherever_it_is_named_from(proved, docs, monkeypatch) -> None:
    earlier, later = folders(proved, "earlier")[0], folders(proved, "later")[0]
    monkeypatch.chdir(later)
    (one,) = study_again([earlier], [Path()], pages=docs, designs=["change_log"], customers=2_000).found
    assert f"{one[0]}-{one[2].code}" == later.name


@pytest.mark.parametrize("spoil", ["cut short", "without a column", "gone"])
def test_records_that_cannot_be_read_are_refused_by_name(proved, docs, tmp_path, spoil) -> None:
    later = [shutil.copytree(path, tmp_path / path.name) for path in folders(proved, "later")]
    (path,) = later[0].glob("panel_few*.gates.parquet")
    if spoil == "cut short":
        path.write_bytes(path.read_bytes()[:-40])
    elif spoil == "without a column":
        pd.read_parquet(path).drop(columns="verdict").to_parquet(path)
    else:
        path.unlink()
    with pytest.raises(InputError, match=r"gates\.parquet: holds no records that can be read"):
        study_again(folders(proved, "earlier"), later, pages=docs, customers=2_000)


def test_the_later_records_must_be_named_and_one_thing_asked_at_a_time(proved, docs) -> None:
    with pytest.raises(InputError, match="names no folder, and `--compare` needs"):
        study_again(folders(proved, "earlier"), [], pages=docs)
    both = ["prove", "--again", "--compare", str(folders(proved, "earlier")[0]), "--page", str(docs)]
    assert CliRunner().invoke(app, both).exit_code == 2


def test_refusals_and_standard_errors_are_told_too() -> None:
    again = Again(of=EARLIER, code=LATER, companies=2, kinds=1, figures=9, **NOTHING)
    assert in_words(again.model_copy(update={"figures": 0})) == "both codes refused every estimate"
    assert ", no standard error by more than 0.5 of itself, no grade" in in_words(
        again.model_copy(update={"errors": 0.5})
    )
