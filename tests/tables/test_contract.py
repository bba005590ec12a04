"""The contract as data says what the contract as words says."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from analysis.tables.contract import ENGINE_TYPES, KNOWN_AT, SCHEMAS, ColumnSchema, TableSchema

CHANNELS = "{social, email, phone, in_person, chat, sms, community, self_service, other}"
ACTIONS = "{impression, view, click, like, comment, share, follow, other}"
# The contract in its own words: columns, types, `?` for what may be empty, values in braces; the key before the bar.
WORDS = f"""
customers: customer_id | customer_id id · joined_at time? · region text? · product text?
identities: source, source_id | source text · source_id id · customer_id id · method {{given, email, phone, handle, reviewed}}
touchpoints: touchpoint_id | touchpoint_id id · customer_id id? · occurred_at time · channel {CHANNELS} · platform text? · direction {{inbound, outbound}} · issue_id id? · first_reply_at time? · replied_by {{human, bot}}? · resolved_at time? · handled_by {{us, community, bot, nobody}}? · cost money? · currency text?
issues: issue_id | issue_id id · customer_id id? · opened_at time · closed_at time? · reopened_at time? · channel {CHANNELS} · product text? · topic text? · severity int? · first_reply_at time? · cost money? · currency text?
orders: order_id | order_id id · customer_id id? · ordered_at time · revenue money · margin money? · currency text · product text? · cancelled_at time?
subscriptions: subscription_id | subscription_id id · customer_id id · product text? · started_at time · ended_at time? · end_kind {{cancelled, lapsed, moved}}? · monthly_margin money? · currency text?
mentions: mention_id | mention_id id · posted_at time · platform text · brand text? · in_reply_to id? · author_id id? · customer_id id? · conversation_id id? · product text? · kind {{inquiry, complaint, positive, other}}? · sales_flag {{new_sale, cancel_save}}? · potential_value money? · actionable flag? · first_reply_at time? · replied_by {{human, bot}}? · resolved_at time? · resolved_by {{us, community}}? · consent flag? · text text? · url text?
posts: post_id | post_id id · published_at time · platform text · campaign text? · topic text? · link_id id?
post_actions: action_id | action_id id · post_id id? · link_id id? · kind {ACTIONS} · quantity int · occurred_at time · customer_id id?
post_counters: counter_id | counter_id id · post_id id · kind {ACTIONS} · observed_at time · value int
surveys: survey_id | survey_id id · customer_id id? · issue_id id? · instrument {{csat, nps, ces1, ces2}} · asked_at time · answered_at time? · score number?
assignments: experiment_id, customer_id, block_start | experiment_id id · customer_id id · arm text · assigned_at time? · exposed_at time? · unit {{customer, cluster, time_block}}? · cluster_id id? · block_start time? · stratum text? · probability number?
outcomes: experiment_id, customer_id, name | experiment_id id · customer_id id · name text · value number? · measured_at time?
changes: change_id | change_id id · effective_from time · kind {{programme, staffing, hours, tool, policy, price, product, campaign, incident, measurement, other}} · scope text? · owner text? · description text · recorded_at time?
costs: cost_id | cost_id id · month date · line {{agents, tools, training, implementation, goodwill, measurement, other}} · amount money · currency text
unit_costs: channel, per, effective_from | channel {CHANNELS} · per {{contact, issue}} · effective_from date · marginal money · average money? · currency text · source text
series: series_id, period_start | series_id id · period_start date · period_end date · value number · unit text
"""  # noqa: E501


def in_words(schema: TableSchema) -> str:
    """A schema as the contract writes it."""
    columns = []
    for column in schema.columns[:-1]:
        kind = f"{{{', '.join(column.values)}}}" if column.values else column.type
        columns.append(f"{column.name} {kind}{'?' if column.nullable else ''}")
    return f"{schema.name}: {', '.join(schema.key)} | {' · '.join(columns)}"


def test_every_table_is_as_the_contract_writes_it() -> None:
    written = {line.split(":")[0]: line for line in WORDS.strip().splitlines()}
    assert set(SCHEMAS) == set(written)
    for name, line in written.items():
        assert in_words(SCHEMAS[name]) == line


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=lambda schema: schema.name)
def test_every_table_may_carry_known_at_and_says_what_it_holds(schema: TableSchema) -> None:
    assert schema.columns[-1] is KNOWN_AT
    for about in (schema.about, *(column.about for column in schema.columns)):
        assert re.fullmatch(r"[A-Z].*[.]", about)
    for column in schema.columns:
        assert column.engine_type == ENGINE_TYPES[column.type]


def test_money_is_money_beside_a_currency_and_a_currency_is_a_code() -> None:
    assert SCHEMAS["orders"].money == ("revenue", "margin")
    assert SCHEMAS["mentions"].money == ()
    codes = [column for schema in SCHEMAS.values() for column in schema.columns if column.name == "currency"]
    assert len(codes) == 6
    assert {column.format for column in codes} == {"currency"}


def test_a_table_is_known_by_what_was_written_down_when() -> None:
    assert SCHEMAS["orders"].known_by == "ordered_at"
    assert SCHEMAS["changes"].known_by == "recorded_at"  # a change may be planned for a day to come
    assert SCHEMAS["costs"].known_by is None  # a month is no instant


def test_what_is_known_with_a_time_points_at_news_of_the_row() -> None:
    """Itself for a time, a time for what comes with it; never a key, the event's own time, or what is always there."""
    event = ColumnSchema(name="at", type="time", nullable=False)
    reply = ColumnSchema(name="reply_at", type="time", nullable=True, known_with="reply_at")
    by = ColumnSchema(name="by", type="text", nullable=True, known_with="reply_at")
    table = TableSchema(name="t", key=("at",), columns=(event, reply, by, KNOWN_AT), event_time="at")
    assert [column.known_with for column in table.columns] == [None, "reply_at", "reply_at", None]
    with pytest.raises(ValueError, match="column `by` is known with a time column"):
        replace(table, columns=(event, replace(reply, known_with=None), by, KNOWN_AT))
    with pytest.raises(ValueError, match="column `by` is known with a time column"):
        replace(table, columns=(event, reply, replace(by, known_with="nothing"), KNOWN_AT))
    with pytest.raises(ValueError, match="column `by` is known with a time column"):
        replace(table, key=("by",))
    with pytest.raises(ValueError, match="column `reply_at` is known with a time column"):
        replace(table, event_time="reply_at")
    with pytest.raises(ValueError, match="what is not known from the first can be empty"):
        replace(by, nullable=False)


def test_a_schema_cannot_be_built_wrong() -> None:
    column = ColumnSchema(name="a", type="id", nullable=False)
    with pytest.raises(ValueError, match="there is no type `uuid`"):
        replace(column, type="uuid")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="an enum names its values"):
        replace(column, type="enum")
    with pytest.raises(ValueError, match="lower-case words"):
        replace(column, type="enum", values=("it's",))
    with pytest.raises(ValueError, match="named twice"):
        TableSchema(name="t", key=("a",), columns=(column, column))
    with pytest.raises(ValueError, match="there is no column b"):
        TableSchema(name="t", key=("b",), columns=(column,))
