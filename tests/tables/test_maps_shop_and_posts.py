"""The maps of the shop, of the posts and of their links: made-up rows under real headers, worked out by hand.

Every account is checked: rows read = rows + rows set aside. The headers are those of the real data's `export_headers`,
and the last tests hold every shipped map against the header it is written for.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from analysis.foundation.errors import MapError
from analysis.tables.mapping import MappedTable, load_map, mapped, names
from analysis.tables.mapping_files import choose, columns_beyond
from analysis.tables.pseudonyms import Key

KEY = Key(bytes(range(32)))
JUNE = datetime(2026, 6, 30)
DATA_SETS = ("cdnow", "hillstrom", "online_retail", "twcs")
Row = Mapping[str, str]


def header(real_data: Path, name: str) -> list[str]:
    """The columns of an export that was really seen."""
    path = real_data / "export_headers" / f"{name}.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file))


def write(
    path: Path, columns: Sequence[str], rows: Sequence[Row], *, delimiter: str = ",", headed: bool = True
) -> Path:
    """An export of some rows; what a row does not give is empty."""
    unknown = {name for row in rows for name in row} - set(columns)
    assert not unknown
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerows([columns] if headed else [])
        writer.writerows([[row.get(name, "") for name in columns] for row in rows])
    return path


def made_of(source_map: str, path: Path, as_of: datetime | None = None) -> dict[str, MappedTable]:
    """The tables of an export by their names, and their accounts checked. Nothing of a person is in them."""
    made = mapped(source_map, path, cache=path.parent / "cache", as_of=as_of, key=KEY)
    for one in made:
        assert one.read == pq.read_metadata(one.path).num_rows + sum(one.set_aside.values())
        assert "@" not in str(pq.read_table(one.path).to_pylist())
    return {one.table: one for one in made}


def rows(made: MappedTable) -> list[dict[str, Any]]:
    """Its rows in the order of the export, without where they stand."""
    found: list[dict[str, Any]] = pq.read_table(made.path).drop_columns(["__line", "__file"]).to_pylist()
    return found


def column(made: MappedTable, name: str) -> list[str | None]:
    return [row[name] for row in rows(made)]


# Shopify: orders


def line(name: str, **order: str) -> Row:
    """A line item of an order; an order's own cells stand in its first line only."""
    return {"Name": name, "Lineitem quantity": "1", "Lineitem name": "Lamp"} | order


def order(name: str, total: str, taxes: str, refunded: str = "0.00", **more: str) -> Row:
    """The first line of an order."""
    own = {
        "Id": f"'45{name[1:]}",
        "Financial Status": "paid",
        "Currency": "GBP",
        "Created at": "2026-05-14 11:23:45 +0100",
        "Total": total,
        "Taxes": taxes,
        "Refunded Amount": refunded,
        "Email": "Ann@Example.org",
    }
    return line(name, **{**own, **more})


ORDERS = [
    order("#1001", "120.00", "20.00"),
    order(
        "#1002", "60.00", "10.00", "30.00", Notes='left at\n"the door"', **{"Financial Status": "partially_refunded"}
    ),
    line("#1002", **{"Lineitem name": "Shade", "Lineitem quantity": "2", "Email": "Ann@Example.org"}),
    order("#1003", "12.00", "2.00", "12.00", **{"Financial Status": "refunded"}),
    order("#1004", "99.00", "0.00", **{"Financial Status": "voided"}),
    line("#1004", **{"Lineitem name": "Shade"}),
    order("#1005", "10.00", "1.67", "3.33", **{"Financial Status": "partially_refunded"}),
    order("#1006", "0.00", "0.00", Email="", **{"Billing Phone": "'+44 20 7946 0958"}),
    line("#1006"),
]


def test_orders_of_several_lines_with_refunds(real_data: Path, tmp_path: Path) -> None:
    """Revenue is (Total - Refunded) x (Total - Taxes) / Total.

    (120 - 0) x 100 / 120 = 100; (60 - 30) x 50 / 60 = 25; 0 of 12; (10 - 3.33) x (10 - 1.67) / 10 = 5.55611; 0 of 0.
    The two lines of #1004 were never paid. #1002 is of two products, #1006 of one on two lines.
    """
    columns = header(real_data, "shopify_orders_export_2022")
    made = made_of("shopify_orders", write(tmp_path / "orders.csv", columns, ORDERS))["orders"]
    assert (made.read, made.set_aside) == (9, {"payment voided": 2, "further lines of an order": 2})
    assert column(made, "order_id") == ["451001", "451002", "451003", "451005", "451006"]
    assert column(made, "revenue") == ["100", "25", "0", "5.55611", "0"]
    assert column(made, "ordered_at") == ["2026-05-14T10:23:45Z"] * 5
    assert column(made, "product") == ["Lamp", None, "Lamp", "Lamp", "Lamp"]
    assert column(made, "lines") == ["1", "2", "1", "1", "2"]
    assert column(made, "items") == ["1", "3", "1", "1", "2"]
    assert column(made, "refunded") == ["0", "30", "12", "3.33", "0"]
    assert "cancelled_at" not in made.columns or column(made, "cancelled_at") == [None] * 5
    assert made.basis["items"] == "action"


def test_an_order_is_of_the_customer_behind_its_address(real_data: Path, tmp_path: Path) -> None:
    columns = header(real_data, "shopify_orders_export_2022")
    made = made_of("shopify_orders", write(tmp_path / "orders.csv", columns, ORDERS))["orders"]
    ann, phone = KEY.of("email", "ann@example.org"), KEY.of("phone", "+442079460958")
    assert column(made, "identity_email") == [ann] * 4 + [None]
    assert column(made, "identity_phone") == [None] * 4 + [phone]
    assert column(made, "customer_id") == [ann] * 4 + [phone]
    assert column(made, "identity_source") == ["shopify"] * 5


def test_the_shorter_header_says_nothing_of_cancelling(real_data: Path, tmp_path: Path) -> None:
    columns = header(real_data, "shopify_orders_export_2025_subset")
    made = made_of("shopify_orders", write(tmp_path / "orders.csv", columns, ORDERS))["orders"]
    assert "cancelled_at" not in made.columns
    assert column(made, "revenue") == ["100", "25", "0", "5.55611", "0"]


def test_a_cancelled_order_says_when(real_data: Path, tmp_path: Path) -> None:
    columns = header(real_data, "shopify_orders_export_2022")
    cancelled = order("#1001", "12.00", "2.00", **{"Cancelled at": "2026-05-15 00:30:00 +0100"})
    made = made_of("shopify_orders", write(tmp_path / "orders.csv", columns, [cancelled, *ORDERS[1:]]))["orders"]
    assert column(made, "cancelled_at") == ["2026-05-14T23:30:00Z", None, None, None, None]


def test_of_two_exports_the_later_one_counts(real_data: Path, tmp_path: Path) -> None:
    """#1002 is refunded further in June: (60 - 60) of it is left. All its lines in the file of May go."""
    columns = header(real_data, "shopify_orders_export_2022")
    write(tmp_path / "exports" / "2026-05.csv", columns, ORDERS)
    june = [order("#1002", "60.00", "10.00", "60.00"), line("#1002"), order("#1007", "6.00", "1.00")]
    write(tmp_path / "exports" / "2026-06.csv", columns, june)
    made = made_of("shopify_orders", tmp_path / "exports")["orders"]
    revenue = dict(zip(column(made, "order_id"), column(made, "revenue"), strict=True))
    assert revenue == {"451001": "100", "451003": "0", "451005": "5.55611", "451006": "0", "451002": "0", "451007": "5"}
    assert made.set_aside["line of an order that a later file holds"] == 2


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"Id": "5.70306E+17"}, "holds an id as a spreadsheet writes large numbers"),
        ({"Total": "12,00"}, "is not a plain decimal"),
        ({"Created at": "14/05/2026 11:23"}, "is not a time in a format this map declares"),
        ({"Taxes": "25.00"}, "is to be shared out by a part that is larger than its whole"),
    ],
)
def test_orders_that_are_not_as_declared_are_refused(
    real_data: Path, tmp_path: Path, changed: dict[str, str], said: str
) -> None:
    """Taxes of 25 on a total of 12 leave more than all of it to be taken away."""
    columns = header(real_data, "shopify_orders_export_2022")
    wrong = {**order("#1001", "12.00", "2.00"), **changed}
    with pytest.raises(MapError, match=r"orders\.csv") as refused:
        made_of("shopify_orders", write(tmp_path / "orders.csv", columns, [wrong]))
    assert said in str(refused.value)


def test_two_orders_of_one_name_are_refused(real_data: Path, tmp_path: Path) -> None:
    columns = header(real_data, "shopify_orders_export_2022")
    twice = [order("#1001", "12.00", "2.00"), order("#1001", "12.00", "2.00", Id="'999")]
    with pytest.raises(MapError, match="differs between rows that make one"):
        made_of("shopify_orders", write(tmp_path / "orders.csv", columns, twice))


# Shopify: customers

OWN_EXPORT = [
    "Customer ID", "First Name", "Last Name", "Email", "Accepts Email Marketing", "Default Address Company",
    "Default Address Address1", "Default Address Address2", "Default Address City", "Default Address Province Code",
    "Default Address Country Code", "Default Address Zip", "Default Address Phone", "Phone", "Accepts SMS Marketing",
    "Total Spent", "Total Orders", "Note", "Tax Exempt", "Tags",
]  # fmt: skip


def test_customers_of_the_shops_own_export(tmp_path: Path) -> None:
    listed = [
        {
            "Customer ID": "'7001",
            "First Name": "Ann",
            "Email": " ANN@example.org",
            "Default Address Country Code": "GB",
        },
        {"Customer ID": "'7002", "Phone": "'+44 20 7946 0958", "Note": "two\nlines"},
    ]
    made = made_of("shopify_customers", write(tmp_path / "customers.csv", OWN_EXPORT, listed))["customers"]
    assert rows(made) == [
        {
            "customer_id": "7001",
            "region": "GB",
            "identity_email": KEY.of("email", "ann@example.org"),
            "identity_phone": None,
        },
        {
            "customer_id": "7002",
            "region": None,
            "identity_email": None,
            "identity_phone": KEY.of("phone", "+442079460958"),
        },
    ]


def test_customers_of_a_connector(real_data: Path, tmp_path: Path) -> None:
    """The rows that are with the real data: three customers, with the time they joined."""
    made = made_of("shopify_customers", _copy(real_data, "shopify_customer_data", tmp_path))["customers"]
    assert column(made, "customer_id") == ["3588998496353", "3589760876641", "3584045351009"]
    assert column(made, "joined_at")[0] == "2020-09-11T13:26:15Z"


def _copy(real_data: Path, seed: str, tmp_path: Path) -> Path:
    """Example rows of a connector; what stands for its addresses is no address, so two are put in their place."""
    text = (real_data / "fivetran_seeds" / f"{seed}.csv").read_text(encoding="utf-8-sig")
    path = tmp_path / f"{seed}.csv"
    path.write_text(text, encoding="utf-8")
    return path


# Sprout: posts and their counts

POSTS = [
    {
        "Date": "03/15/2024 10:05 am",
        "Post ID": "1768523456789012345",
        "Network": "X",
        "Post": "Now, with\na second line",
        "Sent by": "Ann",
        "Impressions": "12,345",
        "Reactions": "7",
        "Comments": "0",
        "Shares": "-",
        "Post Link Clicks": "",
        "Video Views": "1,002",
        "Saves": "3",
        "Engagement Rate (per Impression)": "1.5%",
    },
    {
        "Date": "12/31/2024 12:00 am",
        "Post ID": "'1768523456789012346",
        "Network": "Mastodon",
        "Impressions": "5",
        "Reactions": "1",
        "Comments": "2",
        "Shares": "3",
    },
]


def test_posts_and_their_counts(real_data: Path, tmp_path: Path) -> None:
    """Two posts of seven counts each: five are given of the first and four of the second, so five of 14 are not."""
    columns = header(real_data, "sprout_social_post_performance")
    made = made_of("sprout_posts", write(tmp_path / "posts.csv", columns, POSTS), JUNE)
    first, second = "1768523456789012345", "1768523456789012346"
    assert column(made["posts"], "post_id") == [first, second]
    assert column(made["posts"], "published_at") == ["2024-03-15T10:05:00", "2024-12-31T00:00:00"]
    assert column(made["posts"], "platform") == ["twitter", "other"]
    counters = made["post_counters"]
    assert (counters.read, counters.set_aside) == (14, {"no such count": 5})
    values = [(row["post_id"], row["kind"], row["value"]) for row in rows(counters)]
    assert values == [
        (first, "impression", "12345"),
        (first, "view", "1002"),
        (first, "like", "7"),
        (first, "comment", "0"),
        (first, "other", "3"),
        (second, "impression", "5"),
        (second, "like", "1"),
        (second, "comment", "2"),
        (second, "share", "3"),
    ]
    assert column(counters, "observed_at") == ["2026-06-30T00:00:00Z"] * 9
    assert column(counters, "counter_id")[0] == f"{first}:impression:2026-06-30T00:00:00Z"
    assert len(set(column(counters, "counter_id"))) == 9
    assert counters.basis == {"value": "post"}


def test_lifetime_counts_need_the_date_of_the_export(real_data: Path, tmp_path: Path) -> None:
    columns = header(real_data, "sprout_social_post_performance")
    with pytest.raises(MapError, match="--as-of DATE"):
        made_of("sprout_posts", write(tmp_path / "posts.csv", columns, POSTS))


# X: posts and their counts


def tweet(number: int, **counts: str) -> Row:
    own = {"Tweet id": f"176852345678901234{number}", "time": "2024-03-15 18:42 +0000", "Tweet text": "@ann\nyes"}
    return {**own, **dict.fromkeys(("impressions", "retweets", "replies", "likes", "url clicks"), "0"), **counts}


def test_tweets_and_their_counts(real_data: Path, tmp_path: Path) -> None:
    """Counts came through a float; of seven kinds two are not given of the first tweet, and one of the second."""
    columns = header(real_data, "x_twitter_tweet_activity_export")
    tweets = [
        tweet(5, impressions="12.0", likes="3", **{"url clicks": "1,204.0"}),
        tweet(6, time="2024-03-16 00:10 +0100", retweets="2", follows="1"),
    ]
    made = made_of("x_tweets", write(tmp_path / "tweets.csv", columns, tweets), JUNE)
    assert column(made["posts"], "published_at") == ["2024-03-15T18:42:00Z", "2024-03-15T23:10:00Z"]
    counters = made["post_counters"]
    assert (counters.read, counters.set_aside) == (14, {"no such count": 3})
    found = {(row["post_id"][-1], row["kind"]): row["value"] for row in rows(counters)}
    assert {key: value for key, value in found.items() if value != "0"} == {
        ("5", "impression"): "12",
        ("5", "click"): "1204",
        ("5", "like"): "3",
        ("6", "share"): "2",
        ("6", "follow"): "1",
    }


@pytest.mark.parametrize("damaged", ["1.76852E+18", "1768523456789012345.0", "1,768,523"])
def test_ids_that_are_no_longer_whole_are_refused(real_data: Path, tmp_path: Path, damaged: str) -> None:
    columns = header(real_data, "x_twitter_tweet_activity_export")
    export = write(tmp_path / "tweets.csv", columns, [tweet(5), tweet(6, **{"Tweet id": damaged})])
    with pytest.raises(MapError, match="no longer whole") as refused:
        made_of("x_tweets", export, JUNE)
    assert damaged not in str(refused.value)


def test_posts_and_days_of_a_connector(real_data: Path, tmp_path: Path) -> None:
    """A hundred posts of two lifetime counts each, and a hundred days of one post of seven counts of actions each."""
    (tmp_path / "warehouse").mkdir()
    for seed in ("social_tweet", "social_organic_tweet_report"):
        _copy(real_data, seed, tmp_path / "warehouse")
    made = made_of("x_connector", tmp_path / "warehouse")
    assert {name: one.read for name, one in made.items()} == {"posts": 100, "post_counters": 200, "post_actions": 700}
    assert made["post_counters"].basis == {"value": "post"}
    assert made["post_actions"].basis == {"quantity": "action"}
    first = next(row for row in rows(made["post_counters"]) if row["post_id"] == "1267453801369346053")
    assert (first["kind"], first["value"], first["observed_at"]) == ("like", "8", "2021-10-27T09:06:25.6")
    for name in ("post_counters", "post_actions"):
        keys = column(made[name], "counter_id" if name == "post_counters" else "action_id")
        assert len(set(keys)) == len(keys)


# Adobe: clicks on links


def hit(number: int, **more: str) -> Row:
    own = {
        "hit_time_gmt": str(1_772_000_000 + number),
        "hitid_high": "34",
        "hitid_low": str(number),
        "exclude_hit": "0",
    }
    return {**own, "duplicate_purchase": "0", "post_campaign": "soc-1", "post_event_list": "20,100", **more}


HITS = [
    hit(1, cust_visid="C17"),
    hit(2, exclude_hit="4"),
    hit(3, duplicate_purchase="1"),
    hit(4, post_campaign=""),
    hit(5, post_event_list="100,200,120"),
    hit(6, post_event_list="1=2.50,20"),
]


@pytest.mark.parametrize(("name", "headed"), [("clicks.tsv", True), ("hit_data.tsv", False), ("hit_data_2.tsv", True)])
def test_clicks(real_data: Path, tmp_path: Path, name: str, headed: bool) -> None:
    """1,772,000,000 seconds after 1970 are 2026-02-25 06:13:20 UTC. Of six hits, four are no clicks that count."""
    columns = header(real_data, "adobe_analytics_data_feed_columns_for_social_links")
    export = write(tmp_path / name, columns, HITS, delimiter="\t", headed=headed)
    made = made_of("adobe_clicks", export)["post_actions"]
    assert made.set_aside == {
        "excluded hit": 1,
        "duplicate of a purchase": 1,
        "no tracking code": 1,
        "tracking code of an earlier hit": 1,
    }
    known = KEY.of("id", "C17")
    assert [
        (row["action_id"], row["link_id"], row["kind"], row["quantity"], row["customer_id"]) for row in rows(made)
    ] == [("34-1", "soc-1", "click", "1", known), ("34-6", "soc-1", "click", "1", None)]
    assert column(made, "occurred_at") == ["2026-02-25T06:13:21Z", "2026-02-25T06:13:26Z"]
    assert made.basis == {"quantity": "action"}


def test_a_day_that_is_sent_again_counts_once(real_data: Path, tmp_path: Path) -> None:
    columns = header(real_data, "adobe_analytics_data_feed_columns_for_social_links")
    for day in ("hit_data_01.tsv", "hit_data_02.tsv"):
        write(tmp_path / "feed" / day, columns, HITS, delimiter="\t", headed=False)
    made = made_of("adobe_clicks", tmp_path / "feed")["post_actions"]
    assert made.set_aside["hit that a later file holds"] == 6
    assert column(made, "action_id") == ["34-1", "34-6"]


# Every shipped map

HEADERS: list[tuple[str, str, tuple[str, ...]]] = [
    ("shopify_orders", "shopify_orders_export_2022", ()),
    ("shopify_orders", "shopify_orders_export_2025_subset", ("Cancelled at", "Phone")),
    ("sprout_posts", "sprout_social_post_performance", ()),
    ("x_tweets", "x_twitter_tweet_activity_export", ()),
    ("adobe_clicks", "adobe_analytics_data_feed_columns_for_social_links", ()),
    ("zendesk", "zendesk_tickets_csv_export", ("Manual Tagging of Categories [list]",)),
    (
        "zendesk",
        "zendesk_tickets_plum_real_file",
        ("Requester external id", "Requester email", "Tags", "Ticket type", "First reply time in minutes"),
    ),
    ("ringcentral", "ringcentral_engage_digital_message", ()),
    ("ringcentral", "ringcentral_engage_digital_threads", ()),
    ("ringcentral_interventions", "ringcentral_engage_digital_interventions", ()),
    ("salesforce_cases", "salesforce_case_object_fields", ("LastModifiedDate",)),
    ("front", "front_analytics_messages_export", ()),
    ("sprout_inbox", "sprout_api_messages_fields", ()),
    ("twcs", "twitter_customer_support_twcs", ()),
]
"""Map, header it reads, and the columns it may use that this header has not."""
OF_OTHER_FILES = ("shopify_customers", "x_connector", "zendesk_connector", "zendesk_users", "freshdesk")
"""Maps of systems for which no header is kept, or, of Freshdesk, one without its dates: run on rows elsewhere."""


@pytest.mark.parametrize(("source_map", "export", "lost"), HEADERS)
def test_a_map_fits_the_header_it_is_written_for(
    real_data: Path, tmp_path: Path, source_map: str, export: str, lost: tuple[str, ...]
) -> None:
    """Every column it names is there, but for those named here."""
    given = load_map(source_map)
    delimiter = "\t" if source_map == "adobe_clicks" else ","
    ending = "tsv" if delimiter == "\t" else "csv"
    path = write(tmp_path / f"{export}.{ending}", header(real_data, export), [], delimiter=delimiter)
    [chosen], others = choose(given, path)
    assert others == 0
    assert columns_beyond(given, chosen)[1] == lost


def test_every_map_of_a_system_is_held_against_a_header() -> None:
    held = {source_map for source_map, _, _ in HEADERS}
    assert held | set(OF_OTHER_FILES) | set(DATA_SETS) == set(names())


def test_every_map_of_a_system_says_what_to_ask_and_when_to_pull() -> None:
    for name in names():
        given = load_map(name)
        assert (given.pull is None) == (not given.ask) == (name in DATA_SETS), name
