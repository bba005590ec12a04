"""Which words do pages use for the names that code and results use?

Data, no logic: outcomes, checks, methods, verdicts, states, and the words that no page for executives may hold with
what to say instead. Metrics carry their own words in the catalogue. Putting words together is left to
`analysis.reporting.wording`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

FORBIDDEN_ON_PAGES: Mapping[str, str] = MappingProxyType(
    {
        "ATT": "effect on those contacted",
        "DiD": "change compared with similar customers",
        "CUPED": "adjustment for earlier behaviour",
        "estimand": "quantity measured",
        "Moments": "group totals",
        "pre-trend": "earlier path",
        "P5": "low case",
        "P50": "middle case",
        "P95": "high case",
        "TEI": "cost and benefit framework",
        "ledger": "closed-month record",
        "placebo": "made-up date",
        "Wald": "joint",
        "E-value": "strength an unrecorded cause would need",
        "covariate": "recorded cause",
        "instrument": "luck of the queue",
        "instrumental": "by luck",
        "2SLS": "comparison by luck",
        "propensity": "likelihood of being treated",
        "winsorised": "capped",
        "SMD": "gap in standard deviations",
        "two-stage least squares": "comparison by luck",
        "Anderson-Rubin": "robust",
        "REML": "likelihood",
        "AR(1)": "month-to-month",
        "TWFE": "usual regression",
        "Bacon": "usual regression",
    }
)
"""Words no page for executives may hold, each with what to say instead."""

SAID_PLAINER: Mapping[str, str] = MappingProxyType(
    {
        "placebo outcome": "outcome that nothing can have changed",
        "index issue": "issue",
        "index month": "month of the issue",
        "index months": "months",
        "effective F": "strength (F)",
        "standardised difference": "gap in standard deviations",
    }
)
"""Words of a study that a page says more plainly; unlike those above they are no fault in a text of our own."""

METHOD_NOTES = (
    "Cells were made coarser", "Expected: ", "Ordinary days scatter", "The adjusted comparison stands for the effect",
)  # fmt: skip
"""How notes begin that tell how something was found; they stand beside it and limit nothing."""

MONEY = ("revenue", "spend", "margin", "support_cost", "index_issue_cost")
"""Outcomes that are money, whether or not the tables say in which currency."""

COUNTED = ("orders", "issues")
"""Outcomes whose name is also the unit in which they are counted."""

UNITLESS = ("", "money", "ratio", "score")
"""Units that say nothing beside a number."""

ANY_CASE = (
    "estimand", "pre-trend", "ledger", "placebo", "covariate", "E-value", "instrument", "instrumental",
    "two-stage least squares", "Anderson-Rubin", "propensity", "winsorised", "placebo outcome",
)  # fmt: skip
"""Those that are forbidden however they are written; the others are common words in other letters."""

VERDICTS: Mapping[str, str] = MappingProxyType(
    {
        "passed": "passed",
        "failed": "failed",
        "not_run": "could not be run",
        "cannot_be_known": "cannot be known from these data",
        "not_applicable": "does not apply",
    }
)

BASES: Mapping[str, str] = MappingProxyType(
    {
        "action": "by the month it happened",
        "post": "by the month it began",
        "snapshot": "at the end of the month",
    }
)
"""What decides the month a figure is counted in."""

ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "impression": "Impressions",
        "view": "Views",
        "click": "Clicks",
        "like": "Likes",
        "comment": "Comments",
        "share": "Shares",
        "follow": "Follows",
        "other": "Other actions",
    }
)
"""What people do with posts, in the plural."""

STATES: Mapping[str, str] = MappingProxyType(
    {
        "provisional": "provisional",
        "locked": "closed",
        "adjusted": "closed, later adjusted",
        "restated": "restated",
        "estimated": "estimated",
    }
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an outcome is said.

    `more` and `less` are the phrases of a difference in percent, `more_by` and `less_by` those of a difference in the
    outcome's own unit where they need others; in all `{}` takes the amount. `measure` is what the outcome measures,
    `greater` and `fewer` are the bare words for more and less of it.
    """

    label: str
    more: str
    less: str
    measure: str
    greater: str = "more"
    fewer: str = "less"
    more_by: str | None = None
    less_by: str | None = None

    def phrase(self, *, more: bool, scale: str) -> str:
        """The phrase for a difference in that direction, on a scale of percent ("ratio") or of the unit."""
        by = (self.more_by if more else self.less_by) if scale == "difference" else None
        return by or (self.more if more else self.less)


OUTCOMES: Mapping[str, Outcome] = MappingProxyType(
    {
        "orders": Outcome(
            label="Orders",
            more="bought {} more often",
            less="bought {} less often",
            measure="how often they bought",
            fewer="fewer",
            more_by="placed {} more",
            less_by="placed {} fewer",
        ),
        "revenue": Outcome("Revenue", "spent {} more", "spent {} less", "what they spent"),
        "spend": Outcome("Spend", "spent {} more", "spent {} less", "what they spent"),
        "margin": Outcome(
            label="Margin",
            more="brought {} more margin",
            less="brought {} less margin",
            measure="the margin they brought",
        ),
        "issues": Outcome(
            label="Support issues",
            more="raised {} more issues",
            less="raised {} fewer issues",
            measure="how many issues they raised",
            fewer="fewer",
            more_by="raised {} more",
            less_by="raised {} fewer",
        ),
        "support_cost": Outcome(
            label="Support cost",
            more="cost {} more to support",
            less="cost {} less to support",
            measure="the cost of their support",
        ),
        "index_issue_cost": Outcome(
            label="Cost of the issue itself",
            more="cost {} more for the issue itself",
            less="cost {} less for the issue itself",
            measure="what the issue itself cost",
        ),
        "repurchased": Outcome(
            label="Bought again",
            more="were {} more likely to buy again",
            less="were {} less likely to buy again",
            measure="the share that bought again",
        ),
        "retained": Outcome(
            label="Stayed",
            more="were {} more likely to stay",
            less="were {} less likely to stay",
            measure="the share that stayed",
        ),
    }
)

OF_EFFORT: Mapping[str, str] = MappingProxyType(
    {
        "contacts_to_resolve": "contacts to a solution",
        "channel_switches": "changes of channel",
        "repeat_contact": "coming back with the same",
        "days_to_resolve": "days to a solution",
        "ces1": "effort as said (survey, old question)",
        "ces2": "effort as said (survey, new question)",
        "together": "all of it together",
    }
)
"""Kinds of effort."""

GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "other_channels": "another channel",
        "never_social": "never used social",
        "no_contact": "no contact",
        "answered_in_time": "answered in time",
        "not_answered_in_time": "not answered in time",
        "not_yet_treated": "not yet",
        "before": "before",
        "after": "after",
    }
)

CHECKS: Mapping[str, str] = MappingProxyType(
    {
        "pre_trend": "Both groups moved alike before the contact",
        "placebo": "Nothing happens at a made-up earlier date",
        "placebo_date": "Nothing happens at a made-up earlier date",
        "placebo_index_date": "Nothing happens at a made-up earlier date",
        "future_social": "Customers who turn to social only later did as the others did until then",
        "future_social_exposure": "Customers who turn to social only later did as the others did until then",
        "overlap": "Nearly every customer has similar ones to compare with",
        "balance": "The groups are alike in what is known about them",
        "sample_ratio": "The groups have the sizes that were planned",
        "strata_compared": "Nearly all strata hold customers of both groups",
        "without_failures": "Same answer without months of failure",
        "leave_one_out": "No single month or product makes the answer",
        "additive_scale": "Same answer if growth is counted in units, not in percent",
        "first_issue_only": "Same answer among customers at their first issue ever",
        "scale_of_shares": "Shares can be compared without assigning customers at random",
        "tested_on_issues": "The comparison was tested on issues, not only on orders",
        "segments_differ": "Segments differ by more than chance",
        "later_channel_mix": "Cost of later support does not depend on the channels customers like",
        "window_over": "The whole time after the contact is over",
        "leave_incidents_out": "Same answer without the incident months",
        "leave_one_stratum_out": "No single kind of customer makes the answer",
        "negative_control": "No effect where there can be none",
        "negative_control_outcome": "No effect where there can be none",
        "spill_over": "Comparison customers were not affected",
        "second_road": "A second method gives the same answer",
        "no_single_customer": "No single customer makes the answer",
        "enough_purchases_a_month": "Months hold enough purchases to compare",
        "outcome_recorded": "The outcome is known of equally many in every group",
        "first_stage": "The queue decides who is answered in time",
        "placebo_before": "The queue goes with nothing that was bought before",
        "other_incidents": "Incidents of other products change nothing but the wait",
        "busy_hours": "Busy hours bring no other customers and change nothing but the wait",
        "reply_not_by_chance": "Nothing unrecorded decided who was answered in time",
        "invited_by_plan": "Customers were invited by plan, not because of what they had just done",
        "problem_apart": "What the problem did can be told from what the contact did",
        "control_series": "A figure that the change did not touch shows no step then",
        "placebo_dates": "No step is found at earlier dates without a change",
        "single_cause": "Nothing else was changed in these months",
        "written_before": "The change was written down when it took effect",
        "long_enough": "There are months enough on both sides",
        "possible_path": "What was to be expected lies where the figure can be",
        "season": "The yearly season is allowed for",
        "closed_months": "All months used are closed",
        "many_figures": "What is clear stays clear among all figures looked at",
        "segment_alone": "Something may be said of this segment alone",
        "segments_add_up": "The segments add up to all customers",
        "placebo_outcome": "Nothing happens where nothing can",
        "segments_reconcile": "The segments add up to all customers",
        "found_by_looking": "It was named before anybody looked",
        "one_look_interval": "Nobody looked before the end, or the interval allows for it",
        "carry_over": "What one arm did does not reach into the next block",
        "ran_beside": "The arms ran side by side",
        "randomisation_test": "Other draws of the lot give so large a difference by chance only",
        "harm_of_the_problem": "What the problem did can be told from what the contact did",
        "growth_with_taste": "Spending does not grow with the taste for social",
        "unrecorded_causes": "Nothing unrecorded ties effort to what customers bought",
        "effort_before_it_was_needed": "Effort goes with nothing that was bought before it",
        "contacts_to_come": "Contacts yet to come go with nothing that was bought before",
        "reasons_for_contact": "What made customers get in touch is known",
        "a_a_false_alarms": "No more false alarms than allowed where nothing was done",
    }
)

CHECKS_OF: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("ab_randomised", "first_stage"): "The invitation moved customers enough to tell",
        ("ab_observational", "overlap"): "Nearly every user has somebody like them to compare with",
    }
)
"""Checks of a design that are called otherwise than in the others."""

CHANGES: Mapping[str, str] = MappingProxyType(
    {
        "programme": "programme",
        "staffing": "change in staffing",
        "hours": "change of hours",
        "tool": "change of tools",
        "policy": "change of policy",
        "price": "change of prices",
        "product": "change of the product",
        "campaign": "campaign",
        "incident": "incident",
        "measurement": "change in how things are counted",
    }
)
"""What an entry of the change log is called, by its kind; "change" for any other."""

METHODS: Mapping[str, str] = MappingProxyType(
    {
        "channel_effect": "change from before to after the issue, compared with similar customers who had an issue in "
        "the same month on another channel",
        "service_effect": "customers answered in time, compared with similar customers who were not",
        "level_change": "the path of the figure before the change, carried on; a step and a turn allowed from then on",
        "slope_change": "the path of the figure before the change, carried on; a step and a turn allowed from then on",
        "experiment_effect": "groups formed by chance, compared as they were formed",
        "experiment_effect_adjusted": "groups formed by chance, adjusted for what was known of customers before",
        "experiment_effect_winsorised": "groups formed by chance, their largest values capped",
        "experiment_effect_anytime": "groups formed by chance, with intervals that hold at every look",
        "quantile_effect": "groups formed by chance, compared at one level of their spread",
        "complier_effect": "groups formed by chance, scaled to those who took part",
        "user_effect": "users, compared with others alike in what was known of them before",
        "total_effect": "customers whose issue went to social, compared with similar ones whose issue went elsewhere",
        "dose_association": "customers by their contacts, compared with others alike in what was known of them before",
        "naive_dose_gap": "customers by their contacts, not adjusted",
        "effort_slope": "customers whose issue took more effort, compared with similar ones whose issue took less",
        "direct_effect": "the part of it that does not go by way of the effort",
        "indirect_effect": "the part of it that goes by way of the effort",
        "adoption_effect": "customers who took it up, month by month compared with similar customers who had not yet",
        "naive_before_after": "the same customers before and after, not adjusted",
        "naive_user_gap": "users against all others, not adjusted",
        "naive_pooled_arms": "groups formed by chance, their strata forgotten, not adjusted",
    }
)

STUDIES: Mapping[str, str] = MappingProxyType(
    {
        "before_after": "before and after",
        "service_effect": "answered in time",
        "adoption": "taking up social care",
        "change_log": "what changed",
        "ab_randomised": "test by lot",
        "ab_observational": "users against others",
        "effort": "effort and loyalty",
    }
)
"""What a study is called inside a sentence, by its design."""

MADE: Mapping[str, str] = MappingProxyType(
    {
        "experiment_effect": "as assigned",
        "experiment_effect_adjusted": "adjusted for what was known before",
        "experiment_effect_winsorised": "largest values capped",
        "experiment_effect_anytime": "holds at every look",
        "complier_effect": "those who took it up",
        "naive_pooled_arms": "strata forgotten, raw",
        "user_effect": "similar customers",
        "total_effect": "in all",
        "indirect_effect": "by way of the effort",
        "direct_effect": "by other ways",
        "effort_slope": "with one step more effort",
    }
)
"""How one of several figures on one outcome was made, in few words."""

BESIDE: Mapping[str, str] = MappingProxyType(
    {
        "experiment_effect_adjusted": "Adjusted for what was known of customers before they were assigned.",
        "experiment_effect_winsorised": "The largest values were capped; never used for money.",
        "experiment_effect_anytime": "The interval holds however often somebody looked.",
        "dose_association": "It goes together with the contacts and is no effect of them.",
        "complier_effect": "It rests on the assignment having changed nothing but through taking part.",
        "naive_pooled_arms": "Chances differed between strata, so these groups hold unlike customers.",
    }
)
"""What is said after a finding, where its estimand needs it."""

LIMITS: Mapping[str, str] = MappingProxyType(
    {
        "A": "Customers were assigned at random.",
        "B": "It holds unless an unrecorded cause explains it.",
        "C": "The comparison leaves questions open, so the difference may have other causes.",
        "D": "It compares unlike customers or months and says nothing about cause.",
        "E": "It was assumed, not measured.",
    }
)
"""What each grade allows a reader to conclude."""

OPEN_QUESTIONS: Mapping[str, str] = MappingProxyType(
    {
        "failed": "A check of this comparison failed",
        "not_run": "Some checks of this comparison could not be run",
        "cannot_be_known": "Part of what would have to be known cannot be known from these data",
    }
)
"""What leaves a comparison with open questions, by the worst verdict among its checks, worst first."""

CANNOT_BE_KNOWN = (
    "scale_of_shares", "later_channel_mix", "window_over", "reply_not_by_chance", "problem_apart",
    "harm_of_the_problem",
    "growth_with_taste",
    "unrecorded_causes",
    "reasons_for_contact",
    "one_look_interval",
)  # fmt: skip
"""Checks that no data of the kind could pass: nothing was left undone."""
