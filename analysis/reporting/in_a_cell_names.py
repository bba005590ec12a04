"""Which results show themselves at the end of a cell? Every class an open study hands out, or that lies within one.

Names and no classes, so that a notebook imports nothing for what it never shows; a test walks all results of a study
and fails where one is not listed. How each is shown is left to `in_a_cell`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SHOWN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "analysis.inference.estimate": (
            "Bounds",
            "Estimate",
            "RowsUsed",
        ),
        "analysis.inference.moments": ("Moments",),
        "analysis.inference.prevalence": (
            "Confusion",
            "Shares",
        ),
        "analysis.inference.spikes": ("Excess",),
        "analysis.ledger.chain": ("Close",),
        "analysis.ledger.closing": (
            "Closing",
            "Notice",
        ),
        "analysis.ledger.entry": (
            "CloseEntry",
            "FigureEntry",
        ),
        "analysis.ledger.month": ("MonthClose",),
        "analysis.ledger.reading": ("Reported",),
        "analysis.ledger.score": (
            "Index",
            "Score",
        ),
        "analysis.ledger.scorecard": ("Scorecard",),
        "analysis.ledger.store": ("Ledger",),
        "analysis.metrics.areas": ("AreaCoverage",),
        "analysis.metrics.figure": (
            "Metric",
            "MetricsResult",
        ),
        "analysis.metrics.first_answers": (
            "FirstAnswers",
            "Still",
            "Waits",
        ),
        "analysis.metrics.incident_facts": (
            "Change",
            "Impact",
        ),
        "analysis.metrics.incidents": (
            "Incident",
            "IncidentsResult",
        ),
        "analysis.metrics.kinds_result": (
            "KindsResult",
            "PeriodKinds",
            "Skill",
        ),
        "analysis.metrics.known_triangle": ("KnownTriangle",),
        "analysis.metrics.made_of": ("Parts",),
        "analysis.metrics.matching_result": (
            "Doubles",
            "Likeness",
            "MatchCoverage",
            "Share",
            "TableMatch",
        ),
        "analysis.metrics.praise": ("Praise",),
        "analysis.metrics.programme": ("ProgrammeResult",),
        "analysis.metrics.run_off": (
            "MonthsRunOff",
            "RunOff",
        ),
        "analysis.metrics.triangle": (
            "Bridge",
            "Triangle",
        ),
        "analysis.roi.break_even": ("BreakEven",),
        "analysis.roi.built": (
            "Built",
            "Claim",
            "CustomerMonths",
            "NotCounted",
        ),
        "analysis.roi.case": ("RoiCase",),
        "analysis.roi.case_lines": (
            "BenefitShown",
            "CostShown",
        ),
        "analysis.roi.claim": ("MoneyClaim",),
        "analysis.roi.decision": (
            "ChannelCost",
            "Decision",
            "LineOfCase",
            "ShareOfTotal",
        ),
        "analysis.roi.decision_rule": (
            "Guardrail",
            "Recommended",
        ),
        "analysis.roi.decision_staffing": ("StaffingChoice",),
        "analysis.roi.decision_totals": ("SpokenFor",),
        "analysis.roi.evidence": ("Evidence",),
        "analysis.roi.exclusive": (
            "Exclusion",
            "Pair",
        ),
        "analysis.roi.formula": (
            "Input",
            "Number",
        ),
        "analysis.roi.information": (
            "Information",
            "Worth",
        ),
        "analysis.roi.inputs": (
            "Inputs",
            "Together",
        ),
        "analysis.roi.line": ("Line",),
        "analysis.roi.quantiles": ("Quantiles",),
        "analysis.roi.quantity": ("Quantity",),
        "analysis.roi.register.achieved": ("Achieved",),
        "analysis.roi.register.calibration": ("Calibration",),
        "analysis.roi.register.leading": ("LeadingSeen",),
        "analysis.roi.register.promise": (
            "Amount",
            "Baseline",
            "Figure",
            "Forecast",
            "Leading",
            "Measure",
            "Promise",
            "PromisedAmount",
        ),
        "analysis.roi.register.promises": (
            "Judged",
            "Promises",
        ),
        "analysis.roi.register.variance": (
            "Made",
            "Variance",
        ),
        "analysis.roi.simulation": (
            "LineRange",
            "Model",
            "Simulated",
        ),
        "analysis.roi.spread": (
            "Fixed",
            "Normal",
            "Triangular",
        ),
        "analysis.roi.tei": (
            "TeiRow",
            "TeiTable",
        ),
        "analysis.roi.tie_out": ("TieOut",),
        "analysis.roi.tornado": ("Swing",),
        "analysis.runner.counted": ("Counted",),
        "analysis.studies.ab": ("AbResult",),
        "analysis.studies.adoption.result": (
            "AdoptionEvidence",
            "AdoptionResult",
        ),
        "analysis.studies.change_log.result": ("ChangeLogResult",),
        "analysis.studies.channel_result": (
            "ChannelResult",
            "Evidence",
            "PreTrend",
        ),
        "analysis.studies.dose.result": ("DoseResult",),
        "analysis.studies.effort.result": (
            "EffortEvidence",
            "EffortResult",
        ),
        "analysis.studies.experiment.geo": ("HoldOut",),
        "analysis.studies.experiment.result": ("ExperimentResult",),
        "analysis.studies.hypotheses.curve": ("Curve",),
        "analysis.studies.hypotheses.family": (
            "Family",
            "Judged",
        ),
        "analysis.studies.hypotheses.hypothesis": ("Hypothesis",),
        "analysis.studies.hypotheses.verdict": (
            "Chances",
            "Needed",
        ),
        "analysis.studies.observational.result": ("ObservationalResult",),
        "analysis.studies.planning.declaration": ("Declaration",),
        "analysis.studies.planning.false_alarms": (
            "AAResult",
            "FalseAlarms",
        ),
        "analysis.studies.planning.figures": ("Planned",),
        "analysis.studies.planning.plan": ("PlanningPlan",),
        "analysis.studies.planning.sheet": ("DesignSheet",),
        "analysis.studies.planning.study": ("SheetResult",),
        "analysis.studies.result": (
            "Check",
            "Effect",
        ),
        "analysis.studies.sample_table": ("Part", "Sample"),
        "analysis.studies.segments.segmented": ("Segmented",),
        "analysis.studies.segments.uplifted": ("Uplift",),
        "analysis.studies.sensitivity": ("Sensitivity",),
        "analysis.studies.service.result": (
            "ServiceEvidence",
            "ServiceResult",
        ),
        "analysis.studies.stories": (
            "BaseRate",
            "StoriesResult",
            "Story",
        ),
    }
)
"""Names of classes, by the module they live in."""
