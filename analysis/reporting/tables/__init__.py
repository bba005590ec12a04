"""One function a table: a result goes in, a `Table` of plain escaped text comes out, with the frame behind it.

Where a result holds nothing of what a table shows, as a month without incidents, the table is a sentence that says so;
where it is the wrong result, a `DesignError`.
"""

from __future__ import annotations

from analysis.reporting.tables.adoption import adoption_calendar, adoption_groups, two_way_warning
from analysis.reporting.tables.answers import effects_on_all
from analysis.reporting.tables.bases import bridge, run_off, triangle
from analysis.reporting.tables.case_decision import decision, staffing, whose_money
from analysis.reporting.tables.case_evidence import books, evidence_by_grade, money_counted_once, not_counted
from analysis.reporting.tables.case_numbers import case_inputs, what_it_would_take
from analysis.reporting.tables.case_years import case_by_year
from analysis.reporting.tables.change_log import change_checks, change_entries, change_findings, change_results
from analysis.reporting.tables.change_log_beside import change_regions, made_up_dates
from analysis.reporting.tables.checks import checks
from analysis.reporting.tables.closed import changes, close, notices, reported, waiting
from analysis.reporting.tables.comparability import balance, drift
from analysis.reporting.tables.counted import by_segment, figure_notes, metrics
from analysis.reporting.tables.coverage import areas, missing, rows_used
from analysis.reporting.tables.difference import since_last_report
from analysis.reporting.tables.dose import contact_bands
from analysis.reporting.tables.effort import effort_changed, effort_kinds, effort_split, who_answered
from analysis.reporting.tables.evidence import claims, effects, sample
from analysis.reporting.tables.experiment import arm_effects, arms, declared_and_explored, guardrails, took_part
from analysis.reporting.tables.happened import incidents, programme
from analysis.reporting.tables.hypotheses import hypotheses, hypothesis_findings, other_choices
from analysis.reporting.tables.kinds import confusion, kinds
from analysis.reporting.tables.matching import matched_and_unmatched, matching
from analysis.reporting.tables.maturing import interim, maturing
from analysis.reporting.tables.mix import mix_and_rate
from analysis.reporting.tables.money import case_lines, money
from analysis.reporting.tables.observational import (
    nothing_can_have_happened,
    roads,
    unrecorded_cause,
    weighted_balance,
)
from analysis.reporting.tables.opening import case_health, case_opening
from analysis.reporting.tables.planning import by_duration, declaration, false_alarms, smallest_effects
from analysis.reporting.tables.promised import promises
from analysis.reporting.tables.quarters import quarters
from analysis.reporting.tables.scorecard import index_parts, scorecard
from analysis.reporting.tables.segments import explored, segment_effects, segments_tested
from analysis.reporting.tables.service import (
    estimates_beside,
    queue_balance,
    queue_strength,
    reply_bands,
    reply_hours,
)
from analysis.reporting.tables.stories import stories, stories_base
from analysis.reporting.tables.table import Table, frame, shown
from analysis.reporting.tables.unrecorded import sensitivity

__all__ = [
    "Table",
    "adoption_calendar",
    "adoption_groups",
    "areas",
    "arm_effects",
    "arms",
    "balance",
    "books",
    "bridge",
    "by_duration",
    "by_segment",
    "case_by_year",
    "case_health",
    "case_inputs",
    "case_lines",
    "case_opening",
    "change_checks",
    "change_entries",
    "change_findings",
    "change_regions",
    "change_results",
    "changes",
    "checks",
    "claims",
    "close",
    "confusion",
    "contact_bands",
    "decision",
    "declaration",
    "declared_and_explored",
    "drift",
    "effects",
    "effects_on_all",
    "effort_changed",
    "effort_kinds",
    "effort_split",
    "estimates_beside",
    "evidence_by_grade",
    "explored",
    "false_alarms",
    "figure_notes",
    "frame",
    "guardrails",
    "hypotheses",
    "hypothesis_findings",
    "incidents",
    "index_parts",
    "interim",
    "kinds",
    "made_up_dates",
    "matched_and_unmatched",
    "matching",
    "maturing",
    "metrics",
    "missing",
    "mix_and_rate",
    "money",
    "money_counted_once",
    "not_counted",
    "nothing_can_have_happened",
    "notices",
    "other_choices",
    "programme",
    "promises",
    "quarters",
    "queue_balance",
    "queue_strength",
    "reply_bands",
    "reply_hours",
    "reported",
    "roads",
    "rows_used",
    "run_off",
    "sample",
    "scorecard",
    "segment_effects",
    "segments_tested",
    "sensitivity",
    "shown",
    "since_last_report",
    "smallest_effects",
    "staffing",
    "stories",
    "stories_base",
    "took_part",
    "triangle",
    "two_way_warning",
    "unrecorded_cause",
    "waiting",
    "weighted_balance",
    "what_it_would_take",
    "who_answered",
    "whose_money",
]
