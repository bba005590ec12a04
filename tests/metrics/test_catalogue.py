"""A catalogue with a fault does not load, and the one that ships has none."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files

import pytest
from pydantic import ValidationError

from analysis.foundation.errors import UnknownName
from analysis.metrics.catalogue import AREAS, WINDOW, Definition, definition, definitions
from analysis.tables.contract import SCHEMAS

SOUND = {
    "id": "repurchase_90d", "version": 1, "label": "Repurchase rate", "question": "Did customers buy again?",
    "formula": "customers with a further order within {window_days} days / customers", "unit": "share",
    "grain": "customer", "aggregates": "ratio", "basis": "post", "direction": "higher", "area": "commerce",
    "needs": ["orders.customer_id"], "by": [], "null_rule": "none without a customer", "window_days": 90,
}  # fmt: skip
SHIPPED = list(definitions().values())


def test_a_sound_entry_is_taken() -> None:
    entry = Definition(**SOUND)
    assert entry.said == "customers with a further order within 90 days / customers"
    assert (entry.target, entry.bases) == (None, ("post",))


@pytest.mark.parametrize("key", [key for key in SOUND if key != "window_days"])
def test_an_entry_that_lacks_a_key_is_refused(key) -> None:
    with pytest.raises(ValidationError, match=f"(?s){key}.*Field required"):
        Definition(**{name: value for name, value in SOUND.items() if name != key})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": "Repurchase-90d"}, "id"),
        ({"id": "90d_repurchase"}, "id"),
        ({"version": 0}, "version"),
        ({"version": "1"}, "version"),
        ({"question": "Customers who bought again."}, "question"),
        ({"unit": "percent"}, "unit"),
        ({"grain": "person"}, "grain"),
        ({"aggregates": "average"}, "aggregates"),
        ({"basis": "event"}, "basis"),
        ({"direction": "up"}, "direction"),
        ({"area": "sales"}, "area"),
        ({"needs": []}, "needs"),
        ({"needs": "orders"}, "needs"),
        ({"needs": ["purchases"]}, "needs `purchases`, which the contract does not know"),
        ({"needs": ["orders.customer"]}, "needs `orders.customer`, which the contract does not know"),
        ({"target": 0.5}, "a target comes with its source"),
        ({"target_source": "a survey of 2012"}, "a target comes with its source"),
        ({"window_days": 0}, "window_days"),
        ({"window_days": None}, "a window is named in `window_days` and in the formula"),
        ({"formula": "customers with a further order / customers"}, "a window is named in `window_days` and in the"),
        ({"target_value": 0.5}, "target_value"),
    ],
)
def test_a_bad_entry_is_refused(change, words) -> None:
    with pytest.raises(ValidationError, match=re.escape(words)):
        Definition(**SOUND | change)


def test_an_entry_given_twice_does_not_load() -> None:
    text = files("analysis.metrics").joinpath("catalogue.toml").read_text(encoding="utf-8")
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(f"{text}\n[mentions]\nversion = 2\n")


def test_an_unknown_metric_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="response_rate"):
        definition("respons_rate")


def test_another_window_is_another_id_and_another_formula() -> None:
    entry = Definition(**SOUND).with_window(60)
    assert (entry.id, entry.window_days) == ("repurchase_60d", 60)
    assert "within 60 days" in entry.said
    assert Definition(**SOUND).with_window(90) == Definition(**SOUND)
    assert Definition(**SOUND | {"id": "repurchase"}).with_window(60).id == "repurchase_60d"
    with pytest.raises(ValueError, match="no window"):
        definition("mentions").with_window(30)


def test_a_windowed_metric_is_found_under_another_window() -> None:
    assert definition("new_sales_matched_14d").window_days == 14
    with pytest.raises(UnknownName):
        definition("new_sales_matched_0d")
    with pytest.raises(UnknownName):
        definition("mentions_30d")


def test_no_two_metrics_share_a_label_or_a_question() -> None:
    assert len({entry.label for entry in SHIPPED}) == len(SHIPPED)
    assert len({entry.question for entry in SHIPPED}) == len(SHIPPED)


@pytest.mark.parametrize("entry", SHIPPED, ids=lambda entry: entry.id)
def test_the_entry_says_what_it_must(entry) -> None:
    columns = {column for schema in SCHEMAS.values() for column in schema.by_name}
    assert set(entry.by) <= columns
    assert all(text.strip() for text in (entry.label, entry.formula, entry.null_rule))
    assert entry.area in AREAS
    if entry.window_days is not None and re.search(r"_\d+d(_|$)", entry.id):
        assert f"_{entry.window_days}d" in entry.id
    if entry.unit == "share":
        assert entry.aggregates != "additive", "shares do not add up"
    if entry.basis == "both" and entry.aggregates == "ratio":
        assert all(basis in entry.formula for basis in ("action", "post")), "both forms are said"
    assert WINDOW not in entry.said
