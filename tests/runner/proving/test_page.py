"""The page and the picture are made of tallies alone: every miss is told, and the same records make the same bytes."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.runner.proving.limits import bonferroni_z, coverage_accepted
from analysis.runner.proving.misses import misses_of
from analysis.runner.proving.page import page
from analysis.runner.proving.picture import picture, svg
from analysis.runner.proving.proof import Proof, proof_of
from analysis.runner.proving.records import Records


@pytest.fixture(scope="module")
def proof(small_proof_records) -> Proof:
    return proof_of(small_proof_records, small_proof_records)


def test_the_page_says_what_was_judged_and_that_it_held(proof) -> None:
    text = page(proof)
    assert f"Of {proof.judged} limits judged, {proof.judged} were held. None was missed." in text
    assert "80 companies of 2 kinds" in text
    assert "100000–100039" in text
    assert "1200000–1200039" in text


def test_a_row_of_the_page_by_hand(proof) -> None:
    """Errors of -1.9 ... 1.9 standard errors (39, in steps of 0.1) and one of 2.5: 39 of 40 hold the truth, one claims
    more. Mean 2.5 / 40 = 0.0625 of 0.02; variance (49.4 + 6.25 - 40 x 0.0625^2) / 39 = 1.42288, its root over that
    of 40 is 0.18861. Two sound cells are judged (their z is 2.807): 0.95 - 2.807 x 0.03446 = 0.853.
    """
    row = next(line for line in page(proof).splitlines() if line.startswith("| `none` | the study | 40 |"))
    assert "| 40 | 100000–100039 | 1.000 | +0.0012 ± 0.0038 | +0.06 ± 0.19 | 0.975 (0.853–1.000) | 0.078 (≤ " in row
    assert "| 100 % | 2.5 / 0.0 % | held |" in row


def test_every_row_stands_on_its_own_number_of_companies(records) -> None:
    """Forty of one kind and a thousand of another on one page: numbers, seeds and limits are each row's own."""
    errors = [float(error) for error in np.linspace(-2.05, 2.05, 1_000)]
    effects = pd.concat([records(errors[::25]), records(errors, hazard="season", first_seed=500_000)])
    nothing = {name: pd.DataFrame(columns=list(Records.COLUMNS[name])) for name in ("gates", "hidden", "roads")}
    text = page(proof_of(Records(effects=effects, **nothing)))
    z = bonferroni_z(2)
    for name, n, seeds in (("none", 40, "100000–100039"), ("season", 1_000, "500000–500999")):
        low, high = coverage_accepted(n, z)
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` | the study |"))
        assert f"| {n:,} | {seeds} | 1.000 |" in row
        assert f"({low:.3f}–{high:.3f})" in row
    assert "1,040 companies of 2 kinds" in text


def test_forbidden_estimators_stand_in_the_same_table_and_in_the_matrix(proof) -> None:
    text = page(proof)
    table = text.split("### Orders, as a ratio")[1].split("\n### ")[0]
    row = next(line for line in table.splitlines() if line.startswith("| `none` | additive difference"))
    assert row.endswith("| forbidden, **fails** |")
    assert "| company | the study | additive difference-in-differences |" in table
    assert "| `none` | +0.1 % (98 %) | **+12.9 % (0 %)** |" in table
    assert "| `confounded_strong` | +0.1 % (98 %) | – |" in table
    assert "additive" not in text.split("### Orders, as a difference")[1], "it estimates a ratio"


def test_every_miss_is_told_at_the_head(small_proof_records) -> None:
    spoiled = replace(small_proof_records, effects=small_proof_records.effects.assign(grade="C"))
    text = page(proof_of(spoiled))
    assert "Missed: 1.**" in text
    assert (
        "- grade of `orders_ratio` in `none` (40 companies): the share graded B 0.0000, at least 0.8500 allowed, "
        "missed by 0.8500\n" in text.split("![")[0]
    )
    assert "**missed: grade**" in text


def test_a_miss_says_by_how_much(records, small_proof_records) -> None:
    """Each limit missed once: what was measured, the limit, and the one less the other."""
    many = [float(error) for error in np.linspace(-1.9, 1.9, 95)] + [2.5, -2.5, 2.3, -2.3, 0.0]
    spoiled = [
        records([2 * error for error in many]),  # coverage
        records([error + 0.9 for error in many], hazard="season"),  # bias and claims
        records(many, hazard="incident", se=0.05),  # width
        records(many, hazard="effect", truth=1.02),  # found
        records(many, hazard="trend"),  # grade
        records(many, hazard="confounded_strong", grade="C"),
    ]
    hidden = small_proof_records.hidden
    found = proof_of(
        replace(
            small_proof_records,
            effects=pd.concat(spoiled),
            hidden=hidden.assign(formula_log=-0.2),
            roads=small_proof_records.roads.assign(bootstrap_se=0.03),
        )
    )
    told = misses_of(found)
    assert len(told) == len(found.misses)
    for long, short in zip(told, found.misses, strict=True):
        assert long.startswith(short)
        measured, limit, by = map(float, re.findall(r"(\d\.\d{4})", long))
        assert by == pytest.approx(abs(measured - limit), abs=1.1e-4)
        assert by > 0
        assert ("at most" in long) == (measured > limit)
    words = " ".join(told)
    for name in ("coverage", "bias", "claims", "width", "found", "grade", "formula", "second roads"):
        assert name in words
    assert "the share graded B 1.0000, at most 0.1000 allowed, missed by 0.9000" in words
    assert "the bootstrap's error off ours by a share of 0.5000, at most 0.0500 allowed, missed by 0.4500" in words


def test_gates_planted_causes_roads_and_files_have_their_tables(proof) -> None:
    text = page(proof)
    assert "| `confounded_strong` | strong hidden | 40 | 100.0 % |" in text
    assert "| `confounded_strong` | 40 | 0.700 | 0.500 | 0.600 | 0.9512 | 0.9512 |" in text
    assert "| `none` | 10 | +0.05 (at most 0.05) | 1.005 | 1.000 ± " in text
    assert "## Through files" in text


def test_what_was_not_tried_has_no_table(small_proof_records) -> None:
    bare = {name: getattr(small_proof_records, name).iloc[:0] for name in ("gates", "hidden", "roads")}
    text = page(proof_of(Records(effects=small_proof_records.effects, **bare)))
    for title in ("The gates", "planted hidden cause", "Two other roads", "Through files"):
        assert title not in text


def test_a_rebuild_is_the_same_page_and_picture(proof, small_proof_records) -> None:
    again = proof_of(small_proof_records, small_proof_records)
    assert page(again) == page(proof)
    assert svg(picture(again)) == svg(picture(proof))
    assert len(svg(picture(proof))) < 200_000


def test_the_picture_shows_means_bands_and_coverage(proof) -> None:
    figure = picture(proof)
    left, right = figure.axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["none", "confounded_strong"]
    drawn = {handle.get_label(): handle for handle in left.containers}
    study = next(cell for cell in proof.cells if cell.hazard == "none" and cell.estimator == "default")
    assert drawn["the study"].lines[0].get_xdata()[0] == pytest.approx(study.middle)
    ends = drawn["the study"].lines[2][0].get_segments()[0][:, 0]
    assert ends == pytest.approx([study.spread_low, study.spread_high])
    dots = [line.get_xdata()[0] for line in right.lines if line.get_marker() == "o"]
    assert dots == pytest.approx([0.975, 0.975])
    shades = [np.ptp(part.get_paths()[0].vertices[:, 0]) for part in right.collections]
    assert shades[0] == pytest.approx(study.accept_high - study.accept_low)


def test_the_title_of_the_picture_tells_a_miss(small_proof_records) -> None:
    effects = small_proof_records.effects
    narrow = effects.assign(low=effects["value"] * 0.999, high=effects["value"] * 1.001)
    title = picture(proof_of(replace(small_proof_records, effects=narrow))).get_suptitle()
    assert title == "The study's intervals miss the truth too often, or too seldom, in 1 of 1 sound kinds"


def test_each_design_has_a_section_with_its_own_words(records) -> None:
    """Two designs and series: a section each, in the order of the designs, and limits told where they are asked."""
    errors = [float(error) for error in np.linspace(-1.9, 1.9, 39)] + [2.5]
    series = {"hazard": "series_24", "customers": 24, "truth": 2.0, "first_seed": 3_700_000}
    effects = pd.concat(
        [
            records(errors, **series, estimand="level_difference:rho=0.7"),
            records([3 * error for error in errors], **series, estimand="level_difference:rho=0.7", estimator="ols"),
            records(errors, hazard="queue_none", estimand="orders_difference", truth=0.0, customers=60_000),
            records(
                [error + 5 for error in errors], hazard="queue_none", estimand="orders_difference", truth=0.0,
                customers=60_000, estimator="answered_or_not",
            ),
        ]
    )  # fmt: skip
    nothing = {name: pd.DataFrame(columns=list(Records.COLUMNS[name])) for name in ("gates", "hidden", "roads")}
    text = page(proof_of(Records(effects=effects, **nothing)))
    titles = [line for line in text.splitlines() if line.startswith("## ")]
    assert titles == [
        "## An answer in time: the luck of the queue",
        "## The change log: interrupted series, and panels",
        "## Companies and seeds",
        "## Rebuild it",
    ]
    opening = " ".join(text.split())
    assert "40 companies of one kind were made up, with 60,000 customers each. 40 monthly series and panels" in opening
    row = next(line for line in text.splitlines() if line.startswith("| `series_24` | step | 0.7 |"))
    assert row.endswith("| 2 | 0.975 (≥ 0.796) | +0.06 ± 0.19 | **0.325** | held |"), "13 of 40 within 1.96 / 3"
    row = next(line for line in text.splitlines() if line.startswith("| `queue_none` | raw: answered in time"))
    assert row.endswith("| forbidden, **fails** |")
    assert "![" not in text, "the picture is of the channel study"


def test_a_panel_without_an_interval_has_dashes(records) -> None:
    frame = records([0.0, 0.5], hazard="panel_few", estimand="level_difference", truth=2.0, customers=11)
    frame[["low", "high", "se"]] = np.nan
    nothing = {name: pd.DataFrame(columns=list(Records.COLUMNS[name])) for name in ("gates", "hidden", "roads")}
    text = page(proof_of(Records(effects=frame, **nothing)))
    row = next(line for line in text.splitlines() if line.startswith("| `panel_few` | the study |"))
    assert row.endswith("| 100000–100001 | 2.000 | +0.0050 ± 0.0050 | – | – | – | – | – | held |")
