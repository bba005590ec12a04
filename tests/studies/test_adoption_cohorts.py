"""Who is studied and with whom compared: rows by hand, strata made coarser, everybody counted, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError, TooSoon
from analysis.studies.adoption.cohorts import cohorts_of
from analysis.studies.adoption.panel import NEVER, AdoptionPanel, everybody_compared, issue_months
from tests.studies.adoption_companies import waves

BEGIN = Month.of("2025-01")


def flat(adopted: list[int], months: int = 12) -> AdoptionPanel:
    return waves([[1] * months] * len(adopted), adopted)


def contacts(adopted: list[int], issues: list[tuple[int, int]], months: int = 8) -> AdoptionPanel:
    """First contacts by hand: month of adoption (-1 never), and customer and month of each issue."""
    begin, end = BEGIN.number, BEGIN.plus(months - 1)
    when = np.where(np.array(adopted) < 0, NEVER, begin + np.array(adopted))
    who, month = np.array(issues).T
    rows, grid = issue_months(BEGIN, end, when, customer=who, month=begin + month, product=np.zeros(len(who), int))
    return AdoptionPanel(
        begin=BEGIN,
        end=end,
        first=np.full(len(when), begin),
        adopted=when,
        counted={"orders": np.ones((len(when), months), dtype=int), "issues": grid},
        issues=rows,
    )


class TestIssueMonths:
    def test_by_hand(self) -> None:
        """One customer with issues in months -1, 0, 0, 4 and 7; the first of month 0 was about product 2."""
        jan = BEGIN.number
        rows, grid = issue_months(
            BEGIN,
            BEGIN.plus(7),
            np.array([NEVER]),
            customer=[0] * 5,
            month=[jan - 1, jan, jan, jan + 4, jan + 7],
            product=[1, 2, 1, 0, 1],
        )
        assert grid.tolist() == [[2, 0, 0, 0, 1, 0, 0, 1]]
        assert (rows.month - jan).tolist() == [0, 4, 7]
        assert rows.product.tolist() == [2, 0, 1]
        assert rows.recent.tolist() == [0, 2, 1], "months 1 to 6 before month 7 hold one"
        assert rows.lately.tolist() == [0, 0, 1]

    def test_nobody_is_a_row_after_adopting_and_everybody_is_one_in_that_month(self) -> None:
        panel = contacts([3, -1], [(0, 1), (0, 5), (1, 5)])
        rows = panel.issues
        assert rows is not None
        pairs = list(zip(rows.customer.tolist(), (rows.month - BEGIN.number).tolist(), strict=True))
        assert pairs == [(0, 1), (0, 3), (1, 5)]


class TestWhoIsCompared:
    def test_first_contacts_are_compared_with_customers_who_had_an_issue_in_that_month(self) -> None:
        """Customer 0 came to social in month 4. Of five others with no contact, 1 to 3 had an issue in month 4."""
        panel = contacts([4, -1, -1, 6, -1, -1], [(0, 4), (1, 4), (2, 4), (3, 4), (4, 3)])
        (cohort,) = cohorts_of(panel, 3, 2).cohorts
        assert cohort.customer[cohort.treated].tolist() == [0]
        assert sorted(cohort.customer[~cohort.treated].tolist()) == [1, 2, 3]
        assert cohort.leaves[cohort.customer == 3].tolist() == [2], "who comes to social in month 6 is compared to 5"
        assert {len(one.customer) for one in cohorts_of(everybody_compared(panel), 3, 2).cohorts} == {6}

    def test_a_customer_who_joined_late_is_compared_only_where_the_window_lies_inside_the_tenure(self) -> None:
        panel = flat([4, 7, -1, -1, -1])
        panel = replace(panel, first=panel.first + np.array([2, 0, 3, 0, 0]))
        studied = cohorts_of(panel, 3, 2)
        assert [one.month - BEGIN.number for one in studied.cohorts] == [7], "customer 0 was there for two months only"
        assert sorted(studied.cohorts[0].customer.tolist()) == [1, 2, 3, 4]
        assert studied.account["left_out_history_too_short_before"] == 1

    def test_strata_are_made_coarser_until_nearly_all_adopters_are_compared(self) -> None:
        adopted = [4] * 10 + [-1] * 10
        panel = replace(
            flat(adopted),
            fixed={"product": np.array([0, 1] * 10), "rare": np.array([7] + [0] * 19)},
            labels={"product": ("a", "b"), "rare": tuple("01234567")},
        )
        studied = cohorts_of(panel, 3, 2, extra=("rare",))
        assert (studied.columns, studied.coarsened, studied.unmatched) == ((), True, 0)
        assert cohorts_of(panel, 3, 2).columns == ("product", "band")
        fine = replace(panel, fixed={"product": panel.fixed["product"]})
        assert not cohorts_of(fine, 3, 2).coarsened

    def test_a_stratum_with_one_arm_is_left_out_and_counted(self) -> None:
        """Of 60 adopters one is of a product that nobody else has: below 2 %, so the strata stand."""
        product = np.array([1] + [0] * 119)
        panel = replace(flat([4] * 60 + [-1] * 60), fixed={"product": product}, labels={"product": ("a", "b")})
        studied = cohorts_of(panel, 3, 2)
        assert (studied.unmatched, studied.n_treated, studied.whole) == (1, 59, 60)
        assert studied.account["left_out_no_comparison_in_their_stratum"] == 1

    def test_everybody_is_counted_once(self) -> None:
        panel = flat([1, 4, 5, 11, 30, -1, -1, -1])
        panel = replace(panel, first=np.where(np.arange(8) == 2, NEVER, panel.first))
        studied = cohorts_of(panel, 3, 2)
        left_out = sum(number for name, number in studied.account.items() if name.startswith("left_out"))
        assert studied.account["adopters"] == left_out + studied.n_treated
        assert studied.account["left_out_start_unknown"] == 1
        assert studied.account["left_out_adopted_after_the_data"] == 1
        assert studied.account["left_out_window_not_over"] == 1


class TestRefused:
    def test_everybody_adopts_in_one_month(self) -> None:
        with pytest.raises(DesignError, match="nobody was left to compare them with 2 months later"):
            cohorts_of(flat([4] * 30), 3, 2)

    def test_the_last_wave_without_a_group_that_is_never_invited(self) -> None:
        """Two waves three months apart: the first is compared with the second, the second with nobody."""
        studied = cohorts_of(flat([4] * 10 + [7] * 10), 3, 2)
        assert [one.month - BEGIN.number for one in studied.cohorts] == [4]
        assert (studied.alone, studied.account["left_out_nobody_left_to_compare"]) == (10, 10)

    def test_waves_that_overlap_the_window_of_the_one_before(self) -> None:
        """The second wave comes two months after the first: three months later nobody is left, two months there are."""
        panel = flat([4] * 10 + [6] * 10, months=11)
        with pytest.raises(DesignError, match="Set a shorter `after_months`"):
            cohorts_of(panel, 3, 3)
        assert cohorts_of(panel, 3, 1).n_treated == 10

    def test_nobody_adopts(self) -> None:
        with pytest.raises(DesignError, match="nobody in them took up social care"):
            cohorts_of(flat([-1] * 10), 3, 2)

    def test_no_look_back(self) -> None:
        with pytest.raises(DesignError, match="nobody has 3 months of data before"):
            cohorts_of(flat([1, 2, -1, -1]), 3, 2)
        late = flat([4, -1, -1])
        with pytest.raises(DesignError, match="No adopter was a customer for 3 months before"):
            cohorts_of(replace(late, first=late.first + np.array([3, 0, 0])), 3, 2)

    def test_windows_past_the_data(self) -> None:
        with pytest.raises(TooSoon, match=r"end with 2026-02: wait until .* or set a shorter `after_months`"):
            cohorts_of(flat([9, 10, -1, -1]), 3, 4)

    def test_arrays_that_do_not_fit(self) -> None:
        panel = flat([4, -1])
        with pytest.raises(ValueError, match=r"counted\['orders'\].*2 customers and 12 months"):
            replace(panel, counted={"orders": np.ones((2, 11), dtype=int)})
