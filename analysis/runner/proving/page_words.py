"""In what words does the page speak of each design: its section, its estimands, its other estimators, what is asked?

Words and the numbers of the limits within them; nothing is measured here. Tables are left to `page_tables`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from analysis.runner.proving.hazards import SIZES, Design
from analysis.runner.proving.limits import (
    BIAS_ALLOWED,
    COVERAGE_OF_SERIES,
    ERROR_OF_ALL,
    FOUND,
    REFERENCE_CUSTOMERS,
    REFERENCE_WIDTH,
    SERIES_FOR_THE_BAR,
    SHARE_B,
    SHARE_B_BROKEN,
    TOLD_WHERE_WEAK,
    TRIAL_WIDTH_ALLOWED,
    WIDTH_ALLOWED,
)

WRONG: Mapping[str, str] = MappingProxyType(
    {
        "before_after": "raw: own months after / before",
        "user_gap": "raw: users of social / others",
        "ratio_per_stratum": "one ratio per fully crossed stratum, pooled",
        "prior_order_strata": "strata on prior orders of the baseline window",
        "additive_did": "additive difference-in-differences",
        "low_band": "low spend band of the baseline window",
        "high_band": "high spend band of the baseline window",
        "issues_ratio_did": "ratio DiD on earlier issues",
        "issues_recent_strata": "after only, strata of six months",
        "issues_before_after": "raw: after / before with the index month",
        "answered_or_not": "raw: answered in time, less not",
        "adjusted": "adjusted comparison, where the queue stands",
        "queue": "by the queue, where it is too weak to stand",
        "two_way": "regression on customer and month effects",
        "everybody_compared": "against all not yet on social, issue or none",
        "reml_effective": "the likeliest rho taken as known",
        "ols": "least squares",
        "newey_west": "Newey–West",
        "plain_means": "difference of plain means",
        "one_by_one": "customers one by one, though groups were assigned",
        "session_by_session": "sessions as if each were a customer",
        "no_washout": "without cutting off the first hour",
        "took_it_up": "raw: who took it up, less who did not",
        "peeking": "an interval made for one look, looked at again and again",
        "strata_pooled": "all strata at once, chances forgotten",
        "ratio_ignored": "compared in spite of the sample ratio",
        "weighted": "by weights alone",
        "matched": "by matched pairs alone",
        "each_alone": "every segment by its own interval",
        "pooled_by_the_textbook": "pooling that trusts a bell of effects",
        "factor_less_one": "gain as (ratio − 1) · what they bought",
        "drawn_apart": "effects drawn as if independent",
        "average_cost": "at average instead of marginal cost",
    }
)
"""What stands beside a study, and what it is called."""


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What is said of one design.

    `asked` follows the title; `beside` introduces the table of the other estimators, `gates` that of the gates.
    """

    title: str
    asked: str
    estimands: Mapping[str, str]
    beside: str = ""
    gates: str = ""


_COMMON = f"""- the truth inside as often as said: 0.95 ± z·√(0.0475/n), n the companies of the row, z such that chance
  misses any cell of the page in {_percent(ERROR_OF_ALL)} of proofs;
- off by at most {BIAS_ALLOWED} standard errors, beyond two Monte Carlo errors"""

_CHANNEL = f"""What is asked of the study in sound companies:

{_COMMON};
- intervals of orders no wider than {WIDTH_ALLOWED} × {REFERENCE_WIDTH} at {REFERENCE_CUSTOMERS:,} customers
  (by the square root at other sizes);
- where no effect exists, claims of one in 2.5 % to either side, but for chance;
- at {REFERENCE_CUSTOMERS:,} customers, a grade B for orders in {_percent(SHARE_B)} or more, and an effect of 10 % found
  in {_percent(FOUND)} or more.

Where the design is broken or a strong hidden cause acts, at most {_percent(SHARE_B_BROKEN)} may be graded B. A weak
hidden cause cannot be seen in any data: there nothing is asked but that the formula gives the bias. Grades are judged
at {REFERENCE_CUSTOMERS:,} customers or more, since in a smaller company gates see too little to be passed, and of
orders as a ratio only: issues, what support costs, and shares are graded C at most, whatever their gates say."""

_SERVICE = f"""Companies whose social desk has a queue. The study says what an answer in time did, by the luck of the
queue where the queue decides enough of who is answered in time, else by an adjusted comparison. The truth is that of
the customers whom the queue decides about, or, where staff is so ample that it decides about nobody, of those whose
answer was open. What is asked where the queue is strong:

{_COMMON};
- where no effect exists, claims of one in 2.5 % to either side, but for chance;
- at {SIZES["service_effect"]:,} customers, a grade B for orders in {_percent(SHARE_B)} or more, and an effect of a
  quarter found in {_percent(FOUND)} or more.

In `queue_hidden` a gravity that nobody recorded delays the reply and lowers buying: the study must hold the truth all
the same, and no grade is asked for. In `queue_broken` load itself lowers buying: at most {_percent(SHARE_B_BROKEN)} may
be graded B. In `queue_weak` the adjusted comparison stands, must hold the truth, and is never graded B; of an estimate
by so weak a queue, shown beside it, nothing is asked. Grades are judged at {SIZES["service_effect"]:,} customers or
more."""

_ADOPTION = f"""Two kinds of companies. In some, customers are invited to social care in waves, and the truth is the
effect of the invitation, followed or not. What is asked where the waves were drawn by lot:

{_COMMON};
- where no effect exists, claims of one in 2.5 % to either side, but for chance;
- at {SIZES["adoption"]:,} customers, a grade B for orders in {_percent(SHARE_B)} or more, and an effect of 10 %
  found in {_percent(FOUND)} or more.

In `rollout_trend` who was growing anyway was invited first: at most {_percent(SHARE_B_BROKEN)} may be graded B.

In the others, whose names begin with `contacts`, customers come to social by themselves, because of a problem, and its
harm is in the figure: the study cannot find the truth there, and says so. The one thing asked is that no claim is ever
graded B, whatever its gates say. How far off it is, and how much farther the comparison with everybody who had not yet
come to social, stands in the tables."""

_CHANGES = f"""No companies, but monthly series of known effect: a line, in the middle a step of 2 and a bend of 0.1 a
month (in standard deviations of a month's error), and errors that remember the month before with the correlation rho.
Each is fitted as the study of changes does it, by regression with autoregressive errors and rho averaged over what the
series allows, and beside it in the usual ways. Asked is that the 95 % interval holds the truth in
{_percent(COVERAGE_OF_SERIES)} or more of {SERIES_FOR_THE_BAR:,} (of fewer, less what chance adds): so few months do not
tell rho well enough for all of 95 %; and that it is off by at most {BIAS_ALLOWED} standard errors, beyond two Monte
Carlo errors.

Panels are units that share moving paths, some of them changed; they are read by synthetic difference-in-differences,
and the same is asked. In `panel_unlike` the changed units follow the shared paths more than the others do. With fewer
than 20 units to compare with, asked is that no interval is given."""

_EXPERIMENTS = f"""Made-up experiments of {SIZES["ab_randomised"]:,} customers: shares, means and ratios of sums,
relative effects, with and without taking out what was known before (CUPED), a quantile, a capped mean; customers
assigned one by one, by uneven clusters, by blocks of time, by an invitation that a part follows; looked at once, or
along the way. They are read by the functions that the study of experiments calls; the study itself, from files, stands
further below. The truth is that of the population which the customers are drawn from, in closed form. Orders are mostly
zero, spend (in cents) has a heavy tail. What is asked:

{_COMMON};
- where customers are assigned one by one, intervals at most {TRIAL_WIDTH_ALLOWED} times as wide as what was planted
  makes them, so that taking out what was known before narrows them by the factor √(1 − ρ²);
- where no effect exists, claims of one in 2.5 % to either side, but for chance;
- the sample ratio fails in no more than one of a thousand, but for chance; where customers were lost
  (`trial_mismatch`) it fails in {_percent(FOUND)} or more, and no effect is told;
- the main effects found in {_percent(FOUND)} or more, but for those of clusters;
- looked at along the way, *inside* means inside at every look from the first to the last one declared: in 95 % or
  more, but for 2.58 Monte Carlo errors. That such intervals hold the truth more often is their price, and allowed; so
  it is in `clusters_uneven`, where a few clusters hold most customers;
- where an invitation moves next to nobody (`invitation_weak`), an effect per customer moved is told in at most
  {_percent(TOLD_WHERE_WEAK)}, and the set of effects not rejected holds the truth as often as said."""

_OBSERVED = f"""Two kinds of companies. In those whose names begin with `users`, customers became users by
themselves, for reasons that are on record (age, region, what they bought a year to half a year before) or hidden;
groups are compared by the level of what came afterwards, and what they bought in the half-year before is the placebo.
In the others, whose names begin with `firsts`, customers came to social for the first time with a problem, and are
compared by growth with those whose problem of the same month went elsewhere; these companies are twice as large, since
first contacts are few. The truth is that of users, or of first contacts. What is asked where all that matters is on
record:

{_COMMON};
- where no effect exists, claims of one in 2.5 % to either side, but for chance;
- a grade B for orders in {_percent(SHARE_B)} or more, and in `users_effect` an effect of a fifth found in
  {_percent(FOUND)} or more.

In `users_weak` the keenest users have nobody like them: they must be left out and counted, the gate of overlap must
fail in {_percent(FOUND)} or more, nothing may be graded B, and the truth of the others must be inside as often as said.
In `users_hidden` a cause acts that no data can show: asked is that the bias is the one that the formula gives, that
the interval less that bias holds the truth as often as said, and, everywhere, that a claim names the bias which would
explain it away. Where a hidden trait acted before too, or spending grows with the taste for social, at most
{_percent(SHARE_B_BROKEN)} may be graded B."""

_SEGMENTS = f"""Made-up experiments of {SIZES["segments"]:,} customers, two treatments and two outcomes, orders as a
difference and spend as a ratio, told by segments of several attributes. Customers belong to one segment of each
attribute, and attributes go together, so that segments share customers. Effects are planted in whole thousandths, so
that a segment without an effect has none exactly. Each test is judged three times: all segments named beforehand, none,
and the regions alone. No estimate is judged here but what is said of segments; a promise is a share that may not be
exceeded:

- of studies, with a claim on a named segment that is false, or of the wrong sign: one in twenty;
- of segments found by looking, on average over studies, false or of the wrong sign: one in twenty;
- of their widened intervals, on average over studies, without the truth: one in twenty;
- of pooled intervals, on average over segments and studies, without the truth: one in twenty;
- of outcomes whose segments have one and the same effect, said to differ: one in twenty;
- of the segments' own intervals, without the truth: one in twenty.

A share may lie above what was promised by 2.58 Monte Carlo errors. How often something true is claimed, and how often
the interval of a claimed segment leaves out the truth, which nobody promised, is shown besides."""

_MONEY = f"""Companies of the channel study, with margins and costs. The study's effects on margin, issues and the cost
of the index issue, and their covariance, go into a case over three years by the functions that serve tables: margin
after the contact, issues avoided, the contact itself, contacts deflected, the programme's costs and the contacts it
brings about. The true worth follows from the true effects and the true values of all assumptions, by plain arithmetic.
Effects are counted over the window that was observed, none is carried past it. Every company has two cases: in one the
parameters state the true values; in the other they state ranges (triangular, PERT, a bell), and the true values were
drawn from these. What is asked of the net present value, before haircuts and risk adjustment, for each:

- the truth between the low and the high case as often as said: 0.90 ± z·√(0.09/n), n the companies of the row, z such
  that chance misses any cell of the page in {_percent(ERROR_OF_ALL)} of proofs;
- the middle case off by at most {BIAS_ALLOWED / 3.29:.2f} of the interval's width, beyond two Monte Carlo errors;
- the chance, as the case says it, that the worth is above nothing: right in every band of a tenth, but for chance."""

_ON_THE_SAME = """They are run on the same rows and with intervals made as carefully, to show why they are not used."""

SECTIONS: Mapping[Design, Section] = MappingProxyType(
    {
        "before_after": Section(
            title="The channel: before and after an issue",
            asked=_CHANNEL,
            estimands={
                "orders_ratio": "Orders, as a ratio",
                "orders_difference": "Orders, as a difference per contacted customer",
                "issues_ratio": "Issues, as a ratio",
                "retained_difference": "Customers who stay, as a difference of shares (second generator)",
            },
            beside=f"The study beside the raw and the forbidden estimators: by how much each is off, {{inside}}. "
            f"{_ON_THE_SAME}",
            gates="A gate repeats the study where nothing can have happened. In sound companies its failures are its "
            "size; in broken ones, its power. {not_run} Checks of the groups themselves stand beside them, and, as "
            "never run, what no design could test: it caps the grade by rule. One customer who carries too much is a "
            "gate only where drawing customers again gives no interval either.",
        ),
        "service_effect": Section(
            title="An answer in time: the luck of the queue",
            asked=_SERVICE,
            estimands={
                "orders_difference": "Orders, as a difference per customer",
                "issues_difference": "Issues, as a difference per customer",
            },
            beside="What stands, beside what does not: by how much each is off, {inside}. The raw difference and the "
            "adjusted comparison take for an effect what delayed the reply; where nothing hidden did, the latter is "
            "near.",
            gates="The first stage says whether the queue is strong; the others repeat the estimate where no answer "
            "can have changed anything. In sound companies their failures are their size; in the broken one, their "
            "power. {not_run} Where the adjusted comparison stands, that a reply is not given by chance can be tested "
            "by nothing: it caps the grade.",
        ),
        "adoption": Section(
            title="Adoption: roll-outs in waves, and first contacts",
            asked=_ADOPTION,
            estimands={
                "orders_ratio": "Orders, as a ratio",
                "orders_difference": "Orders, as a difference per invited customer",
                "issues_ratio": "Issues, as a ratio",
                "issues_difference": "Issues, as a difference per invited customer",
            },
            beside="The study beside estimators that are forbidden: by how much each is off, {inside}. The regression "
            "takes early waves for a comparison of late ones; everybody who had not yet come to social is no measure "
            "of those with a problem.",
            gates="In roll-outs by lot a gate's failures are its size; where the waves follow growth, its power. "
            "{not_run} Of first contacts the harm of the problem can be told apart by nothing: it caps the grade.",
        ),
        "change_log": Section(
            title="The change log: interrupted series, and panels",
            asked=_CHANGES,
            estimands={"level_difference": "Panels, the effect per unit and month"},
            beside="Synthetic difference-in-differences beside a difference of differences of plain means, which has "
            "no interval: by how much each is off, {inside}.",
        ),
        "ab_randomised": Section(
            title="Experiments",
            asked=_EXPERIMENTS,
            estimands={
                "orders_ratio": "Orders, as a ratio",
                "orders_difference": "Orders, as a difference per customer",
                "bought_difference": "Share who bought, as a difference",
                "bought_difference:cuped": "Share who bought, adjusted (CUPED)",
                "orders_difference:cuped": "Orders, as a difference, adjusted (CUPED)",
                "orders_ratio:cuped": "Orders, as a ratio, adjusted (CUPED)",
                "spend_difference": "Spend, as a difference",
                "spend_difference:cuped": "Spend, as a difference, adjusted (CUPED)",
                "spend_ratio": "Spend, as a ratio",
                "spend_ratio:cuped": "Spend, as a ratio, adjusted (CUPED)",
                "spend_difference:quantile": "Spend that nine in ten do not exceed",
                "spend_difference:winsorised": "Spend, capped at what 99 of 100 do not exceed",
                "orders_per_session_difference": "Orders per session, as a difference",
                "orders_per_session_difference:cuped": "Orders per session, as a difference, adjusted (CUPED)",
                "orders_per_session_ratio": "Orders per session, as a ratio",
                "orders_per_session_ratio:cuped": "Orders per session, as a ratio, adjusted (CUPED)",
                "orders_difference:moments": "Orders, many clusters, from moments alone",
                "orders_difference:moments_cuped": "Orders, many clusters, from moments alone, adjusted (CUPED)",
                "orders_difference:moved": "Orders, per customer whom the invitation moved",
                "orders_difference:set": "Orders, per customer moved: the set of effects not rejected",
                "orders_difference:anytime": "Orders, looked at along the way",
                "spend_difference:anytime": "Spend, looked at along the way",
            },
            beside="The estimators beside what is done instead: by how much each is off, {inside}. Who counts "
            "customers where groups were assigned, or sessions where customers were, is no farther off, but much too "
            "sure of it.",
            gates="The sample ratio is a gate of the study. By the lot: how often the lot's own test finds an effect "
            "of a rule switched on and off, at 5 %. Carry-over: how often blocks seem to leave something to the next "
            "one, their first hour cut off; nothing does.",
        ),
        "ab_observational": Section(
            title="Users against others, whom nobody assigned",
            asked=_OBSERVED,
            estimands={
                "orders_ratio": "Orders, as a ratio",
                "orders_ratio:less_planted_bias": "Orders, as a ratio, less the planted bias",
                "orders_difference": "Orders, as a difference per user",
                "spend_difference": "Spend, as a difference per user",
            },
            beside="The study beside the raw gap, which is forbidden, and the roads that rest on weights or on pairs "
            "alone: by how much each is off, {inside}.",
            gates="Overlap must fail where the keenest users have nobody like them. A placebo repeats the study on "
            "what the treatment cannot have changed: in sound companies its failures are its size, where a hidden "
            "trait acted before too, its power. That a claim names the bias which would explain it away is checked as "
            "well. {not_run}",
        ),
        "segments": Section(
            title="Segments: claims, discoveries, pooled effects",
            asked=_SEGMENTS,
            estimands={
                "false_claims": "Studies with a false claim, all segments named",
                "false_discoveries": "False ones among the segments found by looking",
                "false_coverage": "Widened intervals of those found that leave the truth out",
                "pooled_misses": "Pooled intervals that leave the truth out",
                "differ_wrongly": "Segments of one effect said to differ",
                "misses": "The segments' own intervals that leave the truth out",
                "false_claims:regions_named": "Studies with a false claim, regions alone named",
                "false_discoveries:regions_named": "False ones among those found by looking beside named regions",
                "false_coverage:regions_named": "Widened intervals of those found beside named regions",
                "found": "Studies with a true claim (shown)",
                "claimed_misses": "Own intervals of claimed segments that leave the truth out (shown)",
            },
        ),
        "roi_case": Section(
            title="The case in money: is its worth inside its range?",
            asked=_MONEY,
            estimands={
                "npv_known": "Net present value, assumptions at their true values",
                "npv_drawn": "Net present value, true values drawn from the ranges that were stated",
            },
            beside="The case beside cases that are forbidden: by how much the middle case of each is off, in widths of "
            "its interval, and in brackets how often its 90 % interval holds the truth; **bold** where it is off by "
            "more, or holds it less often, than is allowed. After the semicolon stands how far it lies from the case "
            "of the same companies, in widths of that one. Margin and issues hardly move together in these companies, "
            "so that drawing their effects apart does no harm that could be seen here. The raw gap of users is taken "
            "in a few companies of each kind.",
        ),
    }
)
"""By design, in the order of the page."""
