"""Who is compared with whom: strata, how far they are coarsened, overlap and balance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.inference.cells import Cells
from analysis.studies.strata import Strata, balance, balance_frame, choose_strata, in_words, overlap, strata_of
from tests.studies.planted_stacks import layout_with, planted, study_cells

LAYOUT = layout_with(attributes=("home_region",))
KEYS = ("arm", "month", "product", "recent", "lately", "observed", "earlier", "a0")


def cells_of(*cells: dict[str, int]) -> Cells:
    """Cells of which only what matters is given; otherwise one row, month 700, observed 12, all else 0."""
    frame = pd.DataFrame([{**dict.fromkeys(KEYS, 0), "month": 700, "observed": 12, "n": 1, **cell} for cell in cells])
    return Cells({name: frame[name].to_numpy() for name in KEYS}, frame["n"].to_numpy(), {})


def differing(column: str, *, n: int = 3) -> Cells:
    """A hundred contacted, of whom `n` differ from all others in one key."""
    return cells_of(
        {"arm": 1, "n": 100 - n}, {"arm": 1, "n": n, column: 30 if column == "observed" else 1}, {"arm": 0, "n": 200}
    )


# The choice


@pytest.mark.parametrize(
    ("column", "level"), [("observed", 1), ("lately", 3), ("product", 4), ("recent", 5), ("earlier", 0)]
)
def test_what_keeps_customers_apart_is_given_up_and_no_more(column: str, level: int) -> None:
    """Months observed first as such, then in bands (12 and 30 months are two), product and recent issues last."""
    strata = choose_strata(differing(column), LAYOUT)
    assert strata.coarsened == (2 if column == "observed" else level)
    assert strata.unmatched == 0
    assert "month" in strata.columns


def test_bands_suffice_where_months_observed_are_close() -> None:
    cells = cells_of({"arm": 1, "n": 97}, {"arm": 1, "n": 3, "observed": 23}, {"arm": 0, "n": 200})
    assert choose_strata(cells, LAYOUT).coarsened == 1


def test_two_in_a_hundred_may_stay_alone_and_three_may_not() -> None:
    """2 of 100 is 2 %, the most that is allowed; nothing is coarsened, and the two do not count."""
    two, three = (choose_strata(differing("product", n=n), LAYOUT) for n in (2, 3))
    assert (two.coarsened, two.unmatched, two.contacted, two.unmatched_share) == (0, 2, 100, 0.02)
    assert two.weight.tolist() == [1.0, 0.0, 98 / 200]
    assert (three.coarsened, three.unmatched) == (4, 0)
    assert three.weight.tolist() == [1.0, 1.0, 100 / 200]


def test_customers_of_months_without_comparison_stay_alone() -> None:
    """No coarser strata could help them, so that nothing is made coarser for their sake."""
    strata = choose_strata(differing("month"), LAYOUT)
    assert (strata.coarsened, strata.unmatched_share) == (0, 0.03)
    assert overlap(strata).verdict == "failed"
    assert overlap(strata).detail.startswith("3 of 100 contacted customers (3.0 %) had no comparison customer in their")


def test_attributes_asked_for_are_given_up_last() -> None:
    kept = choose_strata(differing("product"), LAYOUT, ["home_region"])
    assert kept.columns == ("month", "recent", "a0")
    assert kept.description.endswith(", home_region")
    lost = choose_strata(differing("a0"), LAYOUT, ["home_region"])
    assert (lost.columns, lost.description, lost.unmatched) == (("month",), "index month", 0)
    assert choose_strata(differing("a0"), LAYOUT).coarsened == 0, "not asked for, not minded"


@pytest.mark.parametrize(("column", "level"), [("observed", 4), ("earlier", 5), ("product", 2), ("recent", 0)])
def test_strata_for_outcomes_compared_after_the_contact_only(column: str, level: int) -> None:
    strata = choose_strata(differing(column), LAYOUT, after_only=True)
    assert strata.coarsened == level
    assert ("earlier" in strata.columns) == (level < 5)


def test_a_part_is_judged_by_itself() -> None:
    """The three who have nobody like them are outside."""
    cells = differing("product")
    part = cells.keys["product"] == 0
    strata = choose_strata(cells, LAYOUT, part=part)
    assert (strata.coarsened, strata.contacted, strata.unmatched) == (0, 97, 0)
    assert strata.weight.tolist() == [1.0, 0.0, 97 / 200]
    assert np.array_equal(strata.part, part)


def test_nobody_contacted_is_nobody_unmatched_and_nobody_weighed() -> None:
    strata = choose_strata(cells_of({"arm": 0, "n": 5}, {"arm": 0, "product": 1}), LAYOUT)
    assert (strata.contacted, strata.unmatched_share, strata.weight.any()) == (0, 0.0, False)


def test_no_cells_have_strata_without_anybody() -> None:
    nothing = np.array([], dtype=np.int64)
    strata = choose_strata(Cells(dict.fromkeys(KEYS, nothing), nothing, {}), LAYOUT)
    assert (strata.contacted, len(strata.weight)) == (0, 0)


def test_bands_by_hand() -> None:
    """Under 12, 12 to 23, 24 and more."""
    cells = cells_of(*({"observed": months} for months in (6, 11, 12, 23, 24, 99)))
    assert strata_of(cells, ["band"]).tolist() == [0, 0, 1, 1, 2, 2]
    assert strata_of(cells, ["month"]).tolist() == [0] * 6
    assert strata_of(cells, ["observed", "month"]).tolist() == [0, 1, 2, 3, 4, 5]


def test_strata_never_hold_an_outcome() -> None:
    for after_only in (False, True):
        for column in ("observed", "earlier", "product", "recent", "lately"):
            chosen = choose_strata(differing(column), LAYOUT, after_only=after_only).columns
            assert set(chosen) <= {"month", "product", "recent", "lately", "observed", "band", "earlier"}


# Balance


def test_shares_and_differences_by_hand() -> None:
    """Two contacted of bread and two of milk; weighted to them by month alone, others are 1 of bread to 3 of milk.

    Shares 1/2 and 1/4, spread sqrt((1/4 + 3/16) / 2): 0.25 / 0.4677 = 0.5345. Months observed: 12 and 24 against
    12 and 24, means 18 and 21, variances 36 and 27: -3 / sqrt(31.5) = -0.5345.
    """
    cells = cells_of(
        {"arm": 1, "n": 2},
        {"arm": 1, "n": 2, "product": 1, "observed": 24},
        {"arm": 0, "n": 2},
        {"arm": 0, "n": 6, "product": 1, "observed": 24},
    )
    code = np.zeros(4, dtype=np.int64)
    weight = np.array([1.0, 1.0, 0.5, 0.5])
    frame = balance_frame(cells, LAYOUT, Strata("month", 5, ("month",), code, weight, 4, 0, code == 0))
    found = frame.set_index(["covariate", "value"])
    bread = found.loc[("the issue's product", "bread")]
    assert bread[["contacted", "comparison"]].tolist() == [0.5, 0.25]
    assert bread["difference"] == pytest.approx(0.25 / math.sqrt((0.25 + 0.1875) / 2))
    months = found.loc[("the months observed", "mean")]
    assert months[["contacted", "comparison"]].tolist() == [18.0, 21.0]
    assert months["difference"] == pytest.approx(-3 / math.sqrt(31.5))
    assert ("home region", "east") in found.index
    assert balance(frame).verdict == "failed"


def test_balance_is_that_of_pandas() -> None:
    stack = planted(4, layout=layout_with(attributes=("home_region",)))
    cells = study_cells(stack)
    strata = choose_strata(cells, stack.layout)
    frame = balance_frame(cells, stack.layout, strata).set_index(["covariate", "value"])
    by = ["product", "recent", "lately", "observed", "month"]
    rows = stack.rows().query("study == 1")
    by = [name for name in by if name in strata.columns]
    counts = rows.groupby([*by, "arm"]).size().unstack(fill_value=0)
    share = (counts[1] / counts[0]).rename("w")[(counts[0] > 0) & (counts[1] > 0)]
    rows = rows.join(share, on=by, how="inner")
    rows["w"] = np.where(rows["arm"] == 1, 1.0, rows["w"])
    for covariate, column in (("home region", "a0"), ("the issue's product", "product")):
        for arm, side in ((1, "contacted"), (0, "comparison")):
            group = rows[rows["arm"] == arm]
            expected = group.groupby(column)["w"].sum() / group["w"].sum()
            assert frame.loc[covariate, side].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-12)


def test_what_strata_are_made_of_is_alike_to_the_digit() -> None:
    stack = planted(5)
    cells = study_cells(stack)
    strata = choose_strata(cells, stack.layout)
    frame = balance_frame(cells, stack.layout, strata)
    judged = [in_words(name, stack.layout) for name in strata.columns if name not in ("month", "observed", "band")]
    assert len(judged) >= 2
    assert frame[frame["covariate"].isin(judged)]["difference"].abs().max() < 1e-12
    shares = frame[frame["value"] != "mean"].groupby("covariate")[["contacted", "comparison"]].sum()
    assert shares.to_numpy() == pytest.approx(1.0)


def test_arms_changed_round_turn_differences_round() -> None:
    cells = differing("product", n=40)
    swapped = Cells({**cells.keys, "arm": 1 - cells.keys["arm"]}, cells.n, {})
    code = np.zeros(3, dtype=np.int64)
    one, other = (
        balance_frame(cells, LAYOUT, Strata("", 0, (), code, weight, 0, 0, code == 0))["difference"]
        for cells, weight in ((cells, np.array([1.0, 1.0, 0.5])), (swapped, np.array([1.0, 1.0, 0.5])))
    )
    assert one.to_numpy() == pytest.approx(-other.to_numpy())


def test_earlier_issues_are_shown_where_strata_are_made_of_them() -> None:
    cells = differing("product")
    for after_only in (False, True):
        frame = balance_frame(cells, LAYOUT, choose_strata(cells, LAYOUT, after_only=after_only))
        assert ("the number of earlier issues" in set(frame["covariate"])) == after_only


@pytest.mark.parametrize(
    ("worst", "verdict", "said"),
    [
        (0.0999, "passed", "is 0.100, in age; below 0.1"),
        (0.1, "failed", "is 0.100, in age"),
        (-0.3, "failed", "is 0.300, in age"),
        (-math.inf, "failed", "is without bound, in age"),
    ],
)
def test_the_largest_difference_decides(worst: float, verdict: str, said: str) -> None:
    frame = pd.DataFrame({"covariate": ["size", "age"], "difference": [0.05, worst]})
    check = balance(frame)
    assert (check.verdict, check.gate) == (verdict, True)
    assert said in check.detail


def test_balance_catches_groups_that_differ_and_lets_alike_ones_pass() -> None:
    """Power and size: region and arm apart in 200 companies of 2,000; 30 points more of one region."""
    draw = np.random.default_rng(3)
    verdicts: dict[float, list[str]] = {0.0: [], 0.3: []}
    for tilt, told in verdicts.items():
        for _ in range(200):
            arm = np.repeat([0, 1], 1_000)
            region = (draw.random(2_000) < 0.4 + tilt * arm).astype(int)
            counted = np.bincount(2 * arm + region, minlength=4)
            rows: list[dict[str, Any]] = [
                {"arm": arm, "a0": region, "n": int(counted[2 * arm + region])} for arm in (0, 1) for region in (0, 1)
            ]
            cells = cells_of(*rows)
            told.append(balance(balance_frame(cells, LAYOUT, choose_strata(cells, LAYOUT))).verdict)
    assert verdicts[0.3].count("failed") == 200
    assert verdicts[0.0].count("passed") >= 190
