"""The summary of a report: one answer, what it rests on, the figures to remember, and everything that limits them.

`front` puts the page together; each of its parts is said in a module of its own. The charts that stand on it are in
`pictures`, which is imported where they are drawn.
"""

from __future__ import annotations

from analysis.reporting.summary.answer import OUTCOMES, QUESTIONS, answer_in_words, headline
from analysis.reporting.summary.figures import METRICS, MOST_EFFECTS, MOST_FIGURES, MOST_OUTCOMES, KeyFigure
from analysis.reporting.summary.front import Audience, Piece, Summary, summary
from analysis.reporting.summary.health import Health, health
from analysis.reporting.summary.missing import STEPS
from analysis.reporting.summary.state import status_in_words

__all__ = [
    "METRICS",
    "MOST_EFFECTS",
    "MOST_FIGURES",
    "MOST_OUTCOMES",
    "OUTCOMES",
    "QUESTIONS",
    "STEPS",
    "Audience",
    "Health",
    "KeyFigure",
    "Piece",
    "Summary",
    "answer_in_words",
    "headline",
    "health",
    "status_in_words",
    "summary",
]
