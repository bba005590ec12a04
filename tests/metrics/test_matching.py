"""Of how many social contacts is the customer known, and are the others like them?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.calendar import Month, Period
from analysis.metrics.matching import OTHERS, match_coverage, standardised
from analysis.metrics.matching_result import Doubles, MatchCoverage
from analysis.synthetic.make import make_world
from analysis.tables.load import Source, open_tables, prepare

Q3 = Period.of("2026q3", "UTC").months()


def covered(
    folder: Path,
    frames: dict[str, pd.DataFrame],
    months: Sequence[Month] = Q3,
    claim_from: float = 0.8,
    zone: str = "UTC",
) -> MatchCoverage:
    folder.mkdir(exist_ok=True)
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    with open_tables(prepare([Source(folder)], cache=folder / ".cache")) as tables:
        return match_coverage(tables, months, zone, claim_from)


def contacts(*groups: dict[str, Any]) -> pd.DataFrame:
    """Touchpoints in groups of `n` alike ones."""
    rows = []
    for group in groups:
        given = {"occurred_at": "2026-08-10T10:00:00Z", "channel": "social", "direction": "inbound", "platform": "x"}
        given |= {name: value for name, value in group.items() if name != "n"}
        rows += [dict(given) for _ in range(group["n"])]
    return pd.DataFrame(rows).assign(touchpoint_id=[f"t{place}" for place in range(len(rows))])


CUSTOMERS = pd.DataFrame({"customer_id": [f"c{place}" for place in range(50)]})


def by(found: MatchCoverage, **place: str) -> tuple[int | None, int | None]:
    (row,) = [
        one for one in found.tables[0].by if (one.platform, one.month) == (place.get("platform"), place.get("month"))
    ]
    return row.matched, row.contacts


def likeness(found: MatchCoverage, name: str) -> Any:
    return next(one for one in found.tables[0].likeness if one.name == name)


def test_by_hand(tmp_path: Path) -> None:
    """60 contacts: 30 on x (20 known, 10 not), 30 on f (15 known, 15 whose customer `customers` does not have).

    Known ones are answered in 25 of 35 cases, after 100 seconds in 20 and 400 in 5; the others in 10 of 25, after 900.
    Outbound contacts, other channels and other months do not count.
    """
    found = covered(
        tmp_path / "world",
        {
            "customers": CUSTOMERS,
            "touchpoints": contacts(
                {"n": 20, "customer_id": "c1", "first_reply_at": "2026-08-10T10:01:40Z"},
                {"n": 10, "customer_id": None, "first_reply_at": "2026-08-10T10:15:00Z"},
                {"n": 5, "customer_id": "c2", "platform": "f", "first_reply_at": "2026-08-10T10:06:40Z"},
                {"n": 10, "customer_id": "c2", "platform": "f", "occurred_at": "2026-09-10T10:00:00Z"},
                {"n": 15, "customer_id": "gone", "platform": "f", "occurred_at": "2026-09-10T10:00:00Z"},
                {"n": 40, "customer_id": None, "direction": "outbound"},
                {"n": 40, "customer_id": None, "channel": "phone"},
                {"n": 40, "customer_id": None, "occurred_at": "2026-06-30T23:59:59Z"},
                {"n": 40, "customer_id": None, "occurred_at": "2026-10-01T00:00:00Z"},
            ),
        },
    )
    table = found.tables[0]
    assert (table.table, table.contacts, table.matched, table.strangers) == ("touchpoints", 60, 35, 15)
    assert by(found, platform="x") == (20, 30)
    assert by(found, platform="f") == (15, 30)
    assert by(found, platform="f", month="2026-08") == (None, None)  # 5 contacts, and they may not be worked out
    assert by(found, platform="f", month="2026-09") == (None, None)
    answered = likeness(found, "answered")
    assert (answered.matched, answered.unmatched) == (25 / 35, 10 / 25)
    expected = (25 / 35 - 0.4) / math.sqrt((25 / 35 * 10 / 35 + 0.4 * 0.6) / 2)
    assert answered.difference == pytest.approx(expected, abs=1e-9)
    assert answered.apart
    reply = likeness(found, "first_reply")
    assert (reply.matched, reply.unmatched, reply.of_matched, reply.of_unmatched) == (100, 900, 25, 10)
    logs = np.log1p([100] * 20 + [400] * 5)
    assert reply.difference == pytest.approx((logs.mean() - math.log(901)) / math.sqrt(logs.var() / 2), abs=1e-9)
    assert found.claims == "matched"
    assert found.sentence == (
        "58.3% of 60 contacts on social are matched to a customer, fewer than the 80% asked for: totals hold for "
        "matched customers only, and nothing is claimed for the others."
    )


def test_months_begin_in_the_reporting_zone(tmp_path: Path) -> None:
    rows = contacts(
        {"n": 12, "customer_id": "c1", "occurred_at": "2026-08-31T22:30:00Z"},
        {"n": 12, "customer_id": None, "occurred_at": "2026-06-30T22:30:00Z"},
    )
    found = covered(tmp_path / "world", {"customers": CUSTOMERS, "touchpoints": rows}, zone="Europe/Berlin")
    assert (by(found, month="2026-09"), by(found, month="2026-07")) == ((12, 12), (0, 12))


def test_platforms_and_months_add_up_to_the_whole(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    n = 3000
    rows = pd.DataFrame(
        {
            "touchpoint_id": [f"t{place}" for place in range(n)],
            "occurred_at": [f"2026-0{month}-05T10:00:00Z" for month in rng.integers(7, 10, n)],
            "channel": "social",
            "direction": "inbound",
            "platform": rng.choice(["x", "f", "i"], n),
            "customer_id": np.where(rng.random(n) < 0.85, "c1", None),
        }
    )
    found = covered(tmp_path / "world", {"customers": CUSTOMERS, "touchpoints": rows})
    table, frame = found.tables[0], found.to_frame()
    both = frame[frame["platform"].notna() & frame["month"].notna()]
    for one in ("platform", "month"):
        other = "month" if one == "platform" else "platform"
        margin = frame[frame[one].notna() & frame[other].isna()]
        assert (margin["contacts"].sum(), margin["matched"].sum()) == (table.contacts, table.matched)
        assert both.groupby(one)["matched"].sum().tolist() == margin.sort_values(one)["matched"].tolist()
    again = covered(tmp_path / "again", {"customers": CUSTOMERS, "touchpoints": rows.sample(frac=1, random_state=1)})
    assert again.to_parts() == found.to_parts()
    assert found.claims == "all"
    rest = table.contacts - table.matched
    assert found.sentence.endswith(f"not scaled up. The other {rest:,} add nothing to any total.")


def test_small_cells_cannot_be_worked_out(tmp_path: Path) -> None:
    """One platform has 3 contacts: neither it nor what would give it away is shown, and the total still is."""
    rows = contacts(
        {"n": 3, "customer_id": "c1", "platform": "i"},
        {"n": 20, "customer_id": "c1", "platform": "f"},
        {"n": 30, "customer_id": None, "platform": "x"},
    )
    found = covered(tmp_path / "world", {"customers": CUSTOMERS, "touchpoints": rows})
    hidden = [one.platform for one in found.tables[0].by if one.contacts is None and one.month is None]
    assert "i" in hidden
    assert len(hidden) >= 2
    assert found.tables[0].contacts == 53
    two = contacts({"n": 3, "customer_id": "c1", "platform": "i"}, {"n": 20, "customer_id": "c1", "platform": "f"})
    only = covered(tmp_path / "two", {"customers": CUSTOMERS, "touchpoints": two})
    assert all(one.contacts is None for one in only.tables[0].by if one.platform is not None)


def test_many_small_cells_leave_the_margins(tmp_path: Path) -> None:
    rows = contacts(
        *(
            {"n": 4, "customer_id": "c1", "platform": f"p{place}", "occurred_at": f"2026-0{month}-03T00:00:00Z"}
            for place in range(8)
            for month in (7, 8, 9)
        )
    )
    found = covered(tmp_path / "world", {"customers": CUSTOMERS, "touchpoints": rows})
    shown = [one for one in found.tables[0].by if one.contacts is not None]
    assert {(one.platform is None, one.month is None) for one in shown} == {(True, False), (False, True)}
    assert by(found, platform="p0") == (12, 12)
    assert by(found, month="2026-08") == (32, 32)


def test_a_reply_before_its_contact_is_counted_and_not_timed(tmp_path: Path) -> None:
    """One wrong time among 60: no figure fails, the median is of the others, and the one follows from nothing."""
    rows = contacts(
        {"n": 24, "customer_id": "c1", "first_reply_at": "2026-08-10T10:01:40Z"},
        {"n": 1, "customer_id": "c1", "first_reply_at": "2026-08-10T09:59:00Z"},
        {"n": 20, "customer_id": None, "first_reply_at": "2026-08-10T10:15:00Z"},
        {"n": 12, "customer_id": None, "first_reply_at": "2026-08-09T10:15:00Z"},
        {"n": 15, "customer_id": "c1"},
        {"n": 15, "customer_id": None},
    )
    found = covered(tmp_path / "world", {"customers": CUSTOMERS, "touchpoints": rows})
    answered, reply = likeness(found, "answered"), likeness(found, "first_reply")
    assert (answered.matched, answered.unmatched) == (25 / 40, 32 / 47)
    assert (reply.matched, reply.unmatched, reply.of_matched, reply.of_unmatched) == (100, 900, None, 20)
    assert found.tables[0].early is None
    assert reply.difference is None or math.isfinite(reply.difference)


@pytest.mark.parametrize(
    ("matched", "unmatched", "said"),
    [
        (97, 3, "All but fewer than 10 of 100 contacts on social are matched"),
        (3, 97, "Fewer than 10 of 100 contacts on social are matched"),
        (6, 6, "Of 12 contacts on social, fewer than 10 are matched to a customer, or fewer than 10 are not"),
    ],
)
def test_a_few_in_all_are_hidden(tmp_path: Path, matched: int, unmatched: int, said: str) -> None:
    rows = contacts({"n": matched, "customer_id": "c1"}, {"n": unmatched, "customer_id": None})
    part = covered(tmp_path / "world", {"customers": CUSTOMERS, "touchpoints": rows}).to_parts()["coverage"]["matching"]
    assert (part["matched"], part["share"], part["contacts"]) == (None, None, matched + unmatched)
    assert said in part["sentence"]
    assert {row["matched"] for row in part["tables"][0]["by"]} == {None}
    assert part["tables"][0]["likeness"] == []


def published(table: dict[str, Any]) -> dict[tuple[Any, ...], int]:
    """Every count that a reader has or makes of a share and what it is of; unmatched ones by subtraction."""
    known: dict[tuple[Any, ...], int] = {}
    for row in [table, *table["by"]]:
        place = (row.get("platform"), row.get("month"))
        known |= {("contacts", *place): row["contacts"]} if row["contacts"] is not None else {}
        known |= {("matched", *place): row["matched"]} if row["matched"] is not None else {}
        assert (row["share"] is None) == (row["matched"] is None or row["contacts"] is None)
    sizes = {"matched": table["matched"], "unmatched": table["contacts"] - table["matched"]}
    for row in table["likeness"]:
        for side in ("matched", "unmatched"):
            whole, value = row[f"of_{side}"], row[side]
            if row["unit"] == "seconds":
                known |= {("timed", side): whole} if whole is not None else {}
            elif value is not None:
                assert whole == sizes[side]
                count = round(value * whole)
                assert value * whole == pytest.approx(count)
                known["likeness", side, row["name"]] = count
                known["rest", side, row["name"]] = whole - count
    return known


def derivable(known: dict[tuple[Any, ...], int], platforms: list[str], months: list[str]) -> set[tuple[Any, ...]]:
    """Cells that follow by addition and subtraction from what is known, worked out until nothing more follows."""
    known = dict(known)
    for name in platforms:
        for side in ("matched", "unmatched"):
            if (count := known.get(("likeness", side, f"platform: {name}"))) is not None:
                known[side, name, None] = count
    sides, rows, columns = ("contacts", "matched", "unmatched"), [*platforms, None], [*months, None]
    lines = [
        *((("contacts", p, m), [("matched", p, m), ("unmatched", p, m)]) for p in rows for m in columns),
        *(((s, p, None), [(s, p, m) for m in months]) for s in sides for p in rows),
        *(((s, None, m), [(s, p, m) for p in platforms]) for s in sides for m in columns),
    ]
    while True:
        before = len(known)
        for whole, parts in lines:
            unknown = [one for one in (whole, *parts) if one not in known]
            if len(unknown) == 1:
                (one,) = unknown
                rest = sum(known[part] for part in parts if part != one)
                known[one] = rest if one == whole else known[whole] - rest
        for side in ("matched", "unmatched"):
            answered, timed = known.get(("likeness", side, "answered")), known.get(("timed", side))
            if answered is not None and timed is not None:
                known["early", side] = answered - timed
            size = known.get((side, None, None))
            if timed is not None and size is not None and 0 < size - timed < 10:
                known["untimed", side] = size - timed
        if len(known) == before:
            return {place for place, count in known.items() if 0 < count < 10}


@pytest.mark.parametrize("seed", range(12))
def test_no_count_under_ten_follows_from_what_is_published(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = [int(rng.choice([0, 2, 5, 9, 14, 40, 120])) for _ in range(24)]
    groups = []
    for place, size in enumerate(sizes):
        platform, month, side = place % 3, 7 + place // 3 % 3, place % 2
        late = int(rng.integers(0, size + 1))
        day = f"2026-0{month}-10T"
        given = {
            "platform": f"p{platform}",
            "customer_id": f"c{place}" if side else None,
            "occurred_at": f"{day}10:00:00Z",
        }
        groups += [{**given, "n": late, "first_reply_at": f"{day}11:00:00Z"}, {**given, "n": size - late}]
        groups.append({**given, "n": int(rng.choice([0, 0, 1])), "first_reply_at": f"{day}09:00:00Z"})
    groups += [{"n": 60, "customer_id": "c1", "platform": "p0"}, {"n": 60, "customer_id": None, "platform": "p1"}]
    found = covered(tmp_path / "world", {"customers": CUSTOMERS, "touchpoints": contacts(*groups)})
    table = found.to_parts()["coverage"]["matching"]["tables"][0]
    platforms = sorted({row["platform"] for row in table["by"] if "platform" in row})
    months = sorted({row["month"] for row in table["by"] if "month" in row})
    known = published(table)
    assert derivable(known, platforms, months) == set()
    assert any(row["matched"] is not None for row in table["by"])


def test_further_platforms_stand_together(tmp_path: Path) -> None:
    rows = contacts(*({"n": 20 + place, "customer_id": "c1", "platform": f"p{place}"} for place in range(12)))
    found = covered(tmp_path / "world", {"customers": CUSTOMERS, "touchpoints": rows})
    assert {one.platform for one in found.tables[0].by if one.platform} == {OTHERS, *(f"p{n}" for n in range(5, 12))}
    assert by(found, platform=OTHERS) == (20 + 21 + 22 + 23 + 24, 20 + 21 + 22 + 23 + 24)


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        ({"customers": CUSTOMERS}, "there is no table with social contacts"),
        (
            {"mentions": pd.DataFrame({"mention_id": ["m"], "posted_at": ["2026-08-01T00:00:00Z"], "platform": ["x"]})},
            "no table with social contacts has a column `customer_id` (mentions)",
        ),
        (
            {"customers": CUSTOMERS, "touchpoints": contacts({"n": 30, "customer_id": "c1", "channel": "email"})},
            "there are fewer than 10 social contacts in these months",
        ),
    ],
)
def test_nothing_to_count_says_so(tmp_path: Path, frames: dict[str, pd.DataFrame], reason: str) -> None:
    found = covered(tmp_path / "world", frames)
    part = found.to_parts()["coverage"]["matching"]
    assert (part["share"], part["claims"], part["reason"]) == (None, None, reason)
    assert reason in part["sentence"]
    assert found.to_frame().empty


def test_the_first_table_with_contacts_decides(tmp_path: Path) -> None:
    mentions = pd.DataFrame(
        {
            "mention_id": [f"m{n}" for n in range(40)],
            "posted_at": "2026-08-01T00:00:00Z",
            "platform": "x",
            "customer_id": ["c1"] * 10 + [None] * 30,
            "kind": ["complaint"] * 5 + ["inquiry"] * 5 + ["complaint"] * 20 + [None] * 10,
        }
    )
    rows = contacts({"n": 20, "customer_id": "c1"})
    alone = covered(tmp_path / "alone", {"customers": CUSTOMERS, "mentions": mentions})
    assert (alone.to_parts()["coverage"]["matching"]["of"], alone.claims) == ("mentions", "matched")
    both = covered(tmp_path / "both", {"customers": CUSTOMERS, "mentions": mentions, "touchpoints": rows})
    assert (both.to_parts()["coverage"]["matching"]["of"], both.claims) == ("touchpoints", "all")
    assert both.sentence == (
        "100% of 20 contacts on social are matched to a customer; totals are of these customers and not scaled up."
    )
    complaint = likeness(alone, "complaint")
    assert (complaint.matched, complaint.unmatched) == (None, 20 / 30)  # 5 of 10 are fewer than ten
    assert (complaint.of_matched, complaint.of_unmatched, complaint.difference) == (10, 30, None)
    assert (likeness(alone, "kind not named").matched, likeness(alone, "kind not named").unmatched) == (0, 10 / 30)


def test_names_of_several_customers(tmp_path: Path) -> None:
    """12 customers with one name in a source and 10 with two; of 24 authors, 12 speak for two customers."""
    identities = pd.DataFrame(
        [("x", f"h{n}", f"c{n}", "given") for n in range(22)] + [("x", f"g{n}", f"c{n}", "given") for n in range(10)],
        columns=["source", "source_id", "customer_id", "method"],
    )
    mentions = pd.DataFrame(
        [(f"a{n}", f"c{n}") for n in range(24)] + [(f"a{n}", f"c{n + 24}") for n in range(12)],
        columns=["author_id", "customer_id"],
    ).assign(mention_id=lambda rows: rows.index.astype(str), posted_at="2026-08-01T00:00:00Z", platform="x")
    found = covered(tmp_path / "w", {"customers": CUSTOMERS, "identities": identities, "mentions": mentions})
    assert found.doubles == (
        Doubles(name="names of a customer in one source", one=12, several=10),
        Doubles(name="authors of a customer on one platform", one=36, several=0),
        Doubles(name="customers of an author on one platform", one=12, several=12),
    )


def test_standardised_differences() -> None:
    assert standardised(0.2, 0.2, 0.16, 0.16) == 0
    assert standardised(1, 1, 0, 0) == 0
    assert standardised(1, 0, 0, 0) is None
    assert standardised(0.3, 0.5, 0.2, 0.3) == -standardised(0.5, 0.3, 0.3, 0.2)  # type: ignore[operator]


def test_a_share_outside_its_bounds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        covered(tmp_path / "world", {"customers": CUSTOMERS}, claim_from=80)


def test_a_world_that_lost_its_customers_on_one_platform(tmp_path: Path) -> None:
    """Three in ten contacts of one platform lose their customer: it shows there, and nowhere else."""
    make_world(tmp_path / "made", world="demo", seed=3, customers=4000)
    frames = {
        name: pd.read_parquet(tmp_path / "made" / f"{name}.parquet")
        for name in ("customers", "touchpoints", "mentions")
    }
    folder = tmp_path / "lost"
    folder.mkdir()
    rows = frames["touchpoints"]
    social = rows[(rows["channel"] == "social") & (rows["direction"] == "inbound")]
    platform = social["platform"].value_counts().index[0]
    there = social.index[social["platform"] == platform]
    lost = np.random.default_rng(1).choice(there, size=round(0.3 * len(there)), replace=False)
    frames["touchpoints"] = rows.assign(customer_id=rows["customer_id"].mask(rows.index.isin(lost)))
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet")
    first, last = (
        Month.of(pd.Timestamp(at).date()) for at in (social["occurred_at"].min(), social["occurred_at"].max())
    )
    months = [first.plus(n) for n in range(last.number - first.number + 1)]
    with open_tables(prepare([Source(folder)], cache=tmp_path / "c1")) as tables:
        found = match_coverage(tables, months, "UTC")
    with open_tables(prepare([Source(tmp_path / "made")], cache=tmp_path / "c2")) as tables:
        whole = match_coverage(tables, months, "UTC")
    assert whole.tables[0].share == 1
    assert found.tables[0].matched == len(social) - len(lost)
    shares = {one.platform: one.share for one in found.tables[0].by if one.month is None and one.share is not None}
    assert shares.pop(platform) == pytest.approx(0.7, abs=0.001)
    assert set(shares.values()) <= {1.0}
    assert likeness(found, f"platform: {platform}").difference < 0
