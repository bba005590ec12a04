"""How is a made-up company put into a folder as exports? The files of two pulls, what they come to, and the truth.

    exports/2026q2/, exports/2026q3/   CSV files as the systems write them
    params/sources.yaml                which of them are which; `params/2026q3.yaml` is a study of what they come to
    contract_q2/, contract/            the same company as the contract's tables, after each pull
    truth.json                         how many rows are new, late, changed and gone, and whose they are

The same world, seed and number of customers give the same bytes. The truth is written last: a folder with a truth is
complete.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.foundation.errors import Fault, ParamsError
from analysis.foundation.provenance import canonical_json, write_atomically
from analysis.synthetic.exports import zendesk
from analysis.synthetic.exports.company import company_of
from analysis.synthetic.exports.files import files_of
from analysis.synthetic.exports.people import CALLING_CODE
from analysis.synthetic.exports.quarters import FIRST, PULLS, SECOND, Held, Pull
from analysis.synthetic.exports.tables import matching, tables_of
from analysis.synthetic.exports.writing import write_csv
from analysis.synthetic.world import world_named

TRUTH = "truth.json"
CONTRACT = {FIRST.name: "contract_q2", SECOND.name: "contract"}
PARTS = ("exports", "params", *CONTRACT.values())

_SOURCES = f"""\
# The exports of a made-up company: where they lie, and which map reads them.
#
#   touchstone intake params/sources.yaml --as-of {FIRST.day}     with the files of exports/{FIRST.name}
#   touchstone intake params/sources.yaml --as-of {SECOND.day}     with those of exports/{SECOND.name} as well

tables: tables
zone: UTC
period: {SECOND.name}
phone_country: "{CALLING_CODE}"
sources:
  - {{map: shopify_customers, path: exports/*/shopify_customers.csv, extent: full, customer_ids: true}}
  - {{map: shopify_orders, path: exports/*/shopify_orders.csv}}
  - name: zendesk
    map: zendesk
    path: exports/*/zendesk_tickets.csv
    extent: full
    renamed: {{{", ".join(f"{old}: {new}" for old, new in zendesk.RENAMED.items())}}}
  - {{map: zendesk_users, path: exports/*/zendesk_users.csv, extent: full}}
  - {{name: x, map: x_tweets, path: exports/*/x_tweets.csv}}
  - {{map: sprout_posts, path: exports/*/sprout_posts.csv}}
  - {{map: sprout_inbox, path: exports/*/sprout_messages.csv}}
  - {{name: handles, map: params/handles.yaml, path: exports/*/handles.csv, extent: full}}
  - {{name: books, path: exports/*/*costs.csv, extent: full}}
  - {{name: log, path: exports/*/changes.csv, extent: full}}
"""

_HANDLES = """\
map: handles
about: Which writer on social networks is which customer, as the social desk has matched them.
zone: UTC
facts: [The guid is the one that Sprout gives to the writer of a message.]
files:
  handles:
    headers: [{about: matched handles, has: [guid, customer]}]
    personal: {guid: id}
tables:
  - table: identities
    from: handles
    columns:
      source: {constant: sprout}
      source_id: guid
      customer_id: customer
      method: {constant: handle}
"""

_STUDY = f"""\
# A study of the tables that the intake of params/sources.yaml makes.

study: {SECOND.name}
data: {{folder: tables}}
period: {{start: {FIRST.since}, end: 2026-10-01, timezone: Europe/London}}
as_of: "{SECOND.day}"
comparison: other_channels
index: {{before_months: 6, after_months: 6}}
roi: {{years: 3, discount_rate: 0.10}}
report: {{locale: en_GB, currency: EUR}}
"""


def make_exports(folder: Path, *, world: str, seed: int, customers: int) -> None:
    """Write a made-up company as exports.

    Parameters
    ----------
    folder : Path
        Made if it is not there. Earlier made-up exports in it are replaced; a folder that holds something else of the
        same names and no truth is somebody's own, and refused.
    world : str
        One of `analysis.synthetic.world.WORLDS` that has more than a randomised test.
    seed : int
        Not negative.
    customers : int
        At least 1.

    Raises
    ------
    UnknownName
        If there is no such world.
    ParamsError
        If the world has no contacts, seed or customers cannot be used, or the folder is not free.
    """
    parameters = world_named(world)
    _check(folder, seed, customers, only_experiment=parameters.only_experiment)
    company = company_of(parameters, seed=seed, customers=customers)
    (folder / TRUTH).unlink(missing_ok=True)
    for part in PARTS:
        shutil.rmtree(folder / part, ignore_errors=True)
    for pull in PULLS:
        for name, file in files_of(company, pull).items():
            write_csv(file, folder / "exports" / pull.name / f"{name}.csv")
    found = tables_of(company)
    for pull in PULLS:
        _write_contract(found, pull, folder / CONTRACT[pull.name])
    for name, text in (("sources", _SOURCES), ("handles", _HANDLES), (SECOND.name, _STUDY)):
        write_atomically(folder / "params" / f"{name}.yaml", text.encode())
    stated = {"world": world, "seed": seed, "customers": customers, **truth_of(found)}
    write_atomically(folder / TRUTH, canonical_json(stated))


def truth_of(found: Sequence[Held]) -> dict[str, Any]:
    """What there is to know about the two pulls: rows by table and source, and whose they are."""
    tables: dict[str, dict[str, Any]] = {}
    whose: dict[str, dict[str, Any]] = {}
    for one in found:
        tables.setdefault(one.table, {})[one.source] = one.counts
        if (counts := matching(one)) is not None:
            whose.setdefault(one.table, {})[one.source] = counts
    return {
        "pulls": [{"name": pull.name, "as_of": str(pull.day), "since": str(pull.since)} for pull in PULLS],
        "tables": tables,
        "matching": whose,
        "renamed": {"zendesk": zendesk.RENAMED},
        "added": {"zendesk": [zendesk.ADDED]},
    }


def _write_contract(found: Sequence[Held], pull: Pull, folder: Path) -> None:
    """The tables after a pull; one without rows is no table."""
    folder.mkdir(parents=True)
    for table in dict.fromkeys(one.table for one in found):
        parts = [one.contract(pull) for one in found if one.table == table]
        rows = pa.concat_tables(parts, promote_options="default")
        if rows.num_rows:
            pq.write_table(rows, folder / f"{table}.parquet", compression="zstd")


def _check(folder: Path, seed: int, customers: int, *, only_experiment: bool) -> None:
    faults = []
    if folder.exists() and not folder.is_dir():
        faults.append(Fault(where="folder", what="is a file", remedy="Give the name of a folder.", rule="folder"))
    elif not (folder / TRUTH).exists() and (taken := [part for part in PARTS if (folder / part).exists()]):
        what = f"holds `{taken[0]}`, and no exports that were made up"
        faults.append(Fault(where="folder", what=what, remedy="Give a folder of its own.", rule="folder"))
    if seed < 0:
        faults.append(Fault(where="seed", what="is negative", remedy="Give a whole number from 0.", rule="seed"))
    if customers < 1:
        remedy = "Give at least 1 customer."
        faults.append(Fault(where="customers", what="is less than 1", remedy=remedy, rule="customers"))
    if only_experiment:
        remedy = "Take another world, such as `effect`."
        faults.append(Fault(where="world", what="has no contacts to export", remedy=remedy, rule="world"))
    if faults:
        raise ParamsError(faults)
