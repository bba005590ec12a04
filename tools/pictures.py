"""Draws the picture of every study design from the demo company, and writes its finding beside it as text.

    python tools/pictures.py            # makes docs/pictures/designs/<design>.png; needs `touchstone demo --data-only`
    python tools/pictures.py --text     # puts the text of the pictures into the pages again

Each picture is drawn by the project's own chart function, in few colours, so that it is small. What it says stands in
`docs/pictures/designs/said.json` and, as alternative text, in the page that shows it. The same results give the same
bytes.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PICTURES = DOCS / "pictures" / "designs"
TEXTS = PICTURES / "said.json"
STEPS = (
    "before_after", "service_effect", "adoption", "month_close", "change_log", "ab_segments", "effort", "design_sheet",
    "loyalty_hypotheses", "roi_case",
)  # fmt: skip
COLOURS, LARGEST = (64, 32, 24, 16), 60 * 1024


def charts_of(results: Mapping[str, Any]) -> dict[str, Any]:
    """The chart of every design, by the name of its page."""
    from analysis import charts
    from analysis.reporting.charts.change_figures import figures_around

    ab, log = results["ab_segments"], results["change_log"]
    return {
        "before_after": charts.paths(results["before_after"], "orders"),
        "service_effect": charts.service_bands(results["service_effect"], "orders"),
        "adoption": charts.adoption_months(results["adoption"], "orders"),
        "change_log": charts.interrupted(log, *figures_around(log)[0]),
        "ab_randomised": charts.arms(ab.randomised),
        "ab_observational": charts.overlap(ab.observational),
        "effort": charts.effort_paths(results["effort"]),
        "dose_and_mix": charts.contact_bands(ab.dose),
        "hypotheses": charts.hypotheses(results["loyalty_hypotheses"]),
        "design_sheet": charts.smallest_effect(results["design_sheet"]),
        "roi_case": charts.npv_range(results["roi_case"]),
    }


def draw(results: Mapping[str, Any]) -> None:
    """Write every picture, and what each says."""
    texts = {}
    for name, chart in charts_of(results).items():
        image = small(chart.png())
        if len(image) > LARGEST:
            raise SystemExit(f"{name}.png has {len(image):,} bytes; at most {LARGEST:,} are wanted.")
        (PICTURES / f"{name}.png").write_bytes(image)
        texts[name] = " ".join(chart.alt.split())
    TEXTS.write_text(json.dumps(texts, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def small(png: bytes) -> bytes:
    """A picture in as many colours as leave it small."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in COLOURS:
        out = io.BytesIO()
        picture.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() <= LARGEST:
            break
    return out.getvalue()


def retell() -> None:
    """Put the text of each picture into the pages that show it."""
    texts = json.loads(TEXTS.read_text(encoding="utf-8"))
    for page in DOCS.rglob("*.md"):
        before = page.read_text(encoding="utf-8")
        after = before
        for name, alt in texts.items():
            pattern = rf"!\[[^\]]*\](?=\((?:[^()]*/)?pictures/designs/{name}\.png\))"
            said = alt.replace("[", "(").replace("]", ")").replace("\\", "")
            after = re.sub(pattern, f"![{said}]", after)
        if after != before:
            page.write_text(after, encoding="utf-8")


def main() -> None:
    """Make the studies of the demo company and draw them."""
    if "--text" not in sys.argv[1:]:
        from analysis import open_study

        os.chdir(ROOT)
        with open_study("params/demo.yaml") as study:
            results = {}
            for step in STEPS:
                results[step] = getattr(study, step)()
                study.record(results[step])
            draw(results)
    retell()


if __name__ == "__main__":
    main()
