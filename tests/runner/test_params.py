"""A parameters file is read strictly, and every fault of it is told at once: line, key, what was found, remedy."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from analysis.foundation.calendar import Period
from analysis.foundation.errors import ParamsError
from analysis.runner import not_acted_on
from analysis.runner.not_acted_on import NOT_ACTED_ON, without_effect
from analysis.runner.params import load_params, sources_even_so
from analysis.runner.params_model import Params
from analysis.runner.shipped import shipped
from analysis.tables.load import Source

SHIPPED = sorted(path.name for path in shipped("params").glob("*.yaml"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "params").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(home: Path, text: str) -> str:
    (home / "params" / "trial.yaml").write_text(text, encoding="utf-8")
    return "params/trial.yaml"


def faults(home: Path, text: str) -> list[str]:
    with pytest.raises(ParamsError) as caught:
        load_params(written(home, text))
    return [str(fault) for fault in caught.value.faults]


ONE_FAULT = {
    "misspelt key": (
        "study: a\nindex:\n  before_month: 3\n",
        "index.before_month: there is no such key (line 3). Did you mean `before_months`?",
    ),
    "misspelt section": (
        "study: a\nsegment: [region]\n",
        "segment: there is no such key (line 2). Did you mean `segments`?",
    ),
    "misspelt key in a list": (
        "study: a\ndata:\n  sources:\n    - map: twcs\n      pth: x\n",
        "data.sources[0].pth: there is no such key (line 5). Did you mean `path`?",
    ),
    "no study": (
        "seed: 1\n",
        "study: is missing. Add it: Name of the study, and of its report folder: letters, digits, `-`, `_`, `.`.",
    ),
    "text for a whole number": (
        'study: a\nindex:\n  after_months: "6"\n',
        "index.after_months: is text, where a whole number is expected (line 3). Write digits without "
        "quotes and without a decimal point.",
    ),
    "fraction for a whole number": (
        "study: a\nseed: 1.0\n",
        "seed: is a number with a fraction, where a whole number is expected (line 2). Write digits "
        "without quotes and without a decimal point.",
    ),
    "yes is text": (
        "study: a\nseed: yes\n",
        "seed: is text, where a whole number is expected (line 2). Write digits without quotes and "
        "without a decimal point.",
    ),
    "true for a number": (
        "study: a\nroi:\n  discount_rate: true\n",
        "roi.discount_rate: is true or false, where a number is expected (line 3). Write digits without quotes.",
    ),
    "number for text": (
        "study: 2026\n",
        "study: is a whole number, where text is expected (line 1). Put it in quotes.",
    ),
    "text for a list": (
        "study: a\nsegments: region\n",
        "segments: is text, where a list is expected (line 2). Write `[one, two]`, or one item a line after `- `.",
    ),
    "list for a section": (
        "study: a\nindex: [6, 6]\n",
        "index: is a list, where a section is expected (line 2). Write its keys below it, indented.",
    ),
    "unknown design": (
        "study: a\ndesigns:\n  - before_aftr\n",
        "designs[0]: is not known (line 3). Did you mean `before_after`?",
    ),
    "unknown cost line": (
        "study: a\nroi:\n  cost_lines:\n    agent: {per_year: 1}\n",
        "roi.cost_lines.agent: is not known (line 4). Did you mean `agents`?",
    ),
    "negative cost": (
        "study: a\nroi: {cost_lines: {tools: {initial: -1}}}\n",
        "roi.cost_lines.tools.initial: is below 0 (line 2). The least is 0.",
    ),
    "too small": (
        "study: a\nindex: {before_months: 0}\n",
        "index.before_months: is below 1 (line 2). The least is 1.",
    ),
    "rate of one": (
        "study: a\nroi: {discount_rate: 1}\n",
        "roi.discount_rate: is not below 1 (line 2). Write a number below 1.",
    ),
    "no such day": (
        "study: a\nperiod: {start: 2026-02-30}\n",
        "period.start: there is no such day (line 2). Look at the length of the month.",
    ),
    "no such day in an instant": (
        "study: a\nas_of: 2026-09-31\n",
        "as_of: there is no such day (line 2). Write 2026-10-06 or 2026-10-06T00:00:00Z.",
    ),
    "an instant beyond time": (
        'study: a\nas_of: "9999-12-31T23:59:59-12:00"\n',
        "as_of: lies outside the years 1990 to 2100 (line 2). Look at the year.",
    ),
    "a day beyond time": (
        "study: a\nperiod: [2026-01-01, 9999-12-31]\n",
        "period.end: lies outside the years 1990 to 2100 (line 2). Look at the year.",
    ),
    "a month beyond time": (
        "study: a\nperiod: 1026-01\n",
        "period.span: lies outside the years 1990 to 2100 (line 2). Look at the year.",
    ),
    "a period too long": (
        "study: a\nperiod: [1990-01-01, 2040-02-01]\n",
        "period: is longer than 600 months (line 2). Look at the years.",
    ),
    "money beyond belief": (
        "study: a\nroi: {cost_lines: {tools: {initial: 1e308}}}\n",
        "roi.cost_lines.tools.initial: is above 1,000,000,000,000 (line 2). The most is 1,000,000,000,000.",
    ),
    "contacts beyond belief": (
        "study: a\nroi: {contacts_per_year: 1e300}\n",
        "roi.contacts_per_year: is above 10,000,000,000 (line 2). The most is 10,000,000,000.",
    ),
    "tagged list": (
        "study: a\nsegments: !evil [region]\n",
        "segments: carries a tag (line 2). Take out the word that begins with `!`.",
    ),
    "tagged section": (
        "study: a\nindex: !!python/object:os.system {a: 1}\n",
        "index: carries a tag (line 2). Take out the word that begins with `!`.",
    ),
    "tag of YAML's own": (
        "study: a\nindex: !!map {before_months: 3}\n",
        "index: carries a tag (line 2). Take out the word that begins with `!`.",
    ),
    "nesting": (
        "study: " + "[" * 10_000 + "\n",
        "nests deeper than 50 levels (line 1). Is this a parameters file?",
    ),
    "no period": (
        "study: a\nperiod: 2026q5\n",
        "period.span: is no period (line 2). Write 2026-09, 2026q3, or two dates.",
    ),
    "a number for a period": (
        "study: a\nperiod: 2026\n",
        "period: is a whole number (line 2). Write 2026-09, 2026q3, two dates in a list, or a section.",
    ),
    "period backwards": (
        "study: a\nperiod: [2026-10-01, 2026-07-01]\n",
        "period: ends before it starts (line 2). `end` is the day after the last one.",
    ),
    "period twice": (
        "study: a\nperiod: {span: 2026q3, start: 2026-07-01}\n",
        "period: has a span and a date (line 2). Give `span`, or `start` and `end`.",
    ),
    "unknown zone": (
        "study: a\nperiod:\n  timezone: Europe/Londn\n",
        "period.timezone: there is no time zone `Europe/Londn` (line 3). Did you mean `Europe/London`?",
    ),
    "fiscal calendar": (
        "study: a\nperiod: {calendar: 4-4-5}\n",
        "period.calendar: there is no file `4-4-5` (line 2). Write `civil`, or the path of a table of periods: see "
        "docs/calendars.md.",
    ),
    "unknown locale": (
        "study: a\nreport: {locale: xx_QQ}\n",
        "report.locale: there is no locale `xx_QQ` (line 2). There are: `de_DE`, `en_GB`, `en_US`, `es_ES`, `fr_FR`, "
        "`it_IT`, `nl_NL`, `pt_BR`.",
    ),
    "nearly a locale": (
        "study: a\nreport: {locale: sv_SV}\n",
        "report.locale: there is no locale `sv_SV` (line 2). Did you mean `sv_SE`?",
    ),
    "no currency": (
        "study: a\nreport: {currency: eur}\n",
        "report.currency: there is no currency `eur` (line 2). Did you mean `EUR`?",
    ),
    "nearly a currency": (
        "study: a\nreport: {currency: GPB}\n",
        "report.currency: there is no currency `GPB` (line 2). Did you mean `GBP`?",
    ),
    "no memory": (
        "study: a\ndata: {engine: {memory_limit: lots}}\n",
        "data.engine.memory_limit: is no amount of memory (line 2). Write a number and its unit, as in `4GB`.",
    ),
    "no instant": (
        "study: a\nas_of: yesterday\n",
        "as_of: is no day and no time (line 2). Write 2026-10-06 or 2026-10-06T00:00:00Z.",
    ),
    "folder and sources": (
        "study: a\ndata:\n  folder: x\n  sources: [{map: twcs}]\n",
        "data: has a folder and sources (line 2). Give one: a folder of tables is also a source.",
    ),
    "named twice": (
        "study: a\noutcomes: [orders, orders]\n",
        "outcomes: holds `orders` more than once (line 2). Name each once.",
    ),
    "no outcome": (
        "study: a\noutcomes: []\n",
        "outcomes: is an empty list (line 2). Name at least one, or take the key out.",
    ),
    "key twice": (
        "study: a\nseed: 1\nseed: 2\n",
        "seed: is given a second time (line 3). Keep one of the two.",
    ),
    "key that is no text": (
        "study: a\n1: b\n",
        "has a key that is no text (line 2). Write keys as words.",
    ),
    "merge key": (
        "study: a\n<<: {seed: 2}\n",
        "has a merge key `<<` (line 2). Write its keys out.",
    ),
    "not a number": (
        "study: a\nroi: {discount_rate: .nan}\n",
        "roi.discount_rate: is no finite number (line 2). Write it in digits.",
    ),
    "a tag": (
        "study: a\nseed: !!python/object:os.system 1\n",
        "seed: carries a tag (line 2). Take out the word that begins with `!`.",
    ),
    "older YAML": (
        "%YAML 1.1\n---\nstudy: a\n",
        "does not declare YAML 1.2 (line 1). Take out the line that begins with `%YAML`.",
    ),
    "broken YAML": (
        "study: a\nindex: [6\nseed: 1\n",
        "cannot be read as YAML: expected ',' or ']', but got ':' (line 3). Look at this line and the one above it.",
    ),
    "a list": (
        "- study: a\n",
        "holds no keys (line 1). Write `key: value` lines.",
    ),
    "chances that do not add up": (
        "study: a\nexperiment:\n  chances: {new: {invited: 0.2, control: 0.7}}\n",
        "experiment.chances: gives stratum `new` chances that add to 0.9 (line 3). Name every arm with its chance in "
        "the stratum; they add to 1.",
    ),
    "empty file": (
        "",
        "study: is missing. Add it: Name of the study, and of its report folder: letters, digits, `-`, `_`, `.`.",
    ),
}


@pytest.mark.parametrize("case", ONE_FAULT)
def test_each_fault_is_told_in_its_own_words(home: Path, case: str) -> None:
    text, expected = ONE_FAULT[case]
    assert faults(home, text) == [f"params/trial.yaml: {expected}"]


@pytest.mark.parametrize(
    "name",
    [".hidden", "a/b", "..", "", "a b", "trailing.", "x" * 101, "Ledger", "register", "README.MD", "é"],
)
def test_a_study_name_is_a_plain_folder_name(home: Path, name: str) -> None:
    found = faults(home, f'study: "{name}"\n')
    assert len(found) == 1
    assert "study: " in found[0]


@pytest.mark.parametrize("name", ["con", "AUX", "nul.2026", "Prn", "com1", "LPT9"])
def test_a_study_is_not_named_as_a_device(home: Path, name: str) -> None:
    assert faults(home, f'study: "{name}"\n') == [
        "params/trial.yaml: study: is the name of a device on Windows (line 1). Choose another name."
    ]


@pytest.mark.parametrize("name", ["a", "com10", "console", "2026q3", "care_2026.q3-b", "_x"])
def test_names_that_a_study_may_have(home: Path, name: str) -> None:
    assert load_params(written(home, f'study: "{name}"\n')).values.study == name


def test_all_faults_come_at_once_in_the_order_of_their_lines(home: Path) -> None:
    text = "study: .a\nseed: one\nseed: 2\nindex:\n  before_months: 99\n  after: 3\nroi:\n  years: .inf\n"
    with pytest.raises(ParamsError) as caught:
        load_params(written(home, text))
    assert [fault.first for fault in caught.value.faults] == [1, 2, 3, 5, 6, 8]
    assert str(caught.value).startswith("6 faults were found.\n  - params/trial.yaml: study: is no name for a study")


def test_a_file_that_expands_without_end_is_refused(home: Path) -> None:
    laughs = "study: a\nsegments: &a [x]\n" + "".join(
        f"k{n}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(8)
    )
    assert any("is far too large or nests too deep" in fault for fault in faults(home, laughs))
    assert any("is far too large or nests too deep" in fault for fault in faults(home, "study: &a [*a]\n"))


def test_what_is_no_file_or_no_text_is_said(home: Path) -> None:
    written(home, "study: a\n")
    with pytest.raises(ParamsError, match=r"params/trail\.yaml: there is no such file\. Did you mean `trial\.yaml`\?"):
        load_params("params/trail.yaml")
    (home / "params" / "latin.yaml").write_bytes(b"study: caf\xe9\n")
    with pytest.raises(ParamsError, match=r"is not UTF-8\. Save it as UTF-8\."):
        load_params("params/latin.yaml")
    (home / "params" / "big.yaml").write_bytes(b"#" * (1 << 20) + b"\nstudy: a\n")
    with pytest.raises(ParamsError, match="is larger than 1 MB"):
        load_params("params/big.yaml")


def test_what_yaml_makes_of_values(home: Path) -> None:
    text = '\ufeffstudy: no\nas_of: 2026-10-06\nseed: 0x10\nsegments: ["001", null_]\nroi:\nindex:\n'
    values = load_params(written(home, text)).values
    assert (values.study, values.as_of, values.seed, values.segments) == ("no", "2026-10-06", 16, ("001", "null_"))
    assert values.roi is not None, "an empty `roi:` asks for the case"
    assert values.index.before_months == 6, "an empty section means its defaults"


@pytest.mark.parametrize(
    ("text", "start", "end", "span"),
    [
        ("2026q3", None, None, "2026q3"),
        ("2026-09", None, None, "2026-09"),
        ("[2026-07-01, 2026-10-01]", date(2026, 7, 1), date(2026, 10, 1), None),
        ("{start: 2026-07-01, end: 2026-10-01, timezone: Europe/London}", date(2026, 7, 1), date(2026, 10, 1), None),
    ],
)
def test_the_ways_to_write_a_period(home: Path, text: str, start: date, end: date, span: str) -> None:
    period = load_params(written(home, f"study: a\nperiod: {text}\n")).values.period
    assert (period.start, period.end, period.span) == (start, end, span)


def test_paths_start_from_the_home_and_data_stands_above(home: Path) -> None:
    path = written(home, "study: a\ndata: {folder: data/mine}\n")
    assert load_params(path).sources() == (Source(home / "data/mine"),)
    assert load_params(path, data=Path("else")).sources() == (Source(home / "else"),)
    assert load_params(path).name == "params/trial.yaml"
    (home / "own.yaml").write_text("study: a\ndata: {folder: x}\n")
    assert load_params(home / "own.yaml").sources() == (Source(home / "x"),)


def test_sources_are_looked_for_in_the_folder_given(home: Path) -> None:
    path = written(home, "study: a\ndata: {sources: [{map: twcs}, {map: zendesk, path: desk/x.csv}]}\n")
    assert load_params(path, data=home / "d").sources() == (
        Source(home / "d", "twcs"),
        Source(home / "d/desk/x.csv", "zendesk"),
    )
    with pytest.raises(
        ParamsError, match=r"data: names no folder\. Name one under `data: folder`, or give `--data FOLDER`\."
    ):
        load_params(path).sources()
    named = written(home, "study: a\ndata: {sources: [{map: zendesk, path: desk}]}\n")
    assert load_params(named).sources() == (Source(home / "desk", "zendesk"),)


def test_a_faulty_file_still_says_where_its_tables_are(home: Path) -> None:
    path = written(home, "study: a\nseed: x\ndata: {folder: here}\n")
    assert sources_even_so(path) == (Source(home / "here"),)
    assert sources_even_so(path, data=home / "d") == (Source(home / "d"),)
    assert sources_even_so(written(home, "data: {foldr: here}\n")) == ()
    assert sources_even_so("params/none.yaml") == ()


def test_a_notebook_finds_the_file_from_a_folder_below(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(home, "study: a\n")
    (home / "notebooks").mkdir()
    monkeypatch.chdir(home / "notebooks")
    assert load_params(path).home == home


def test_a_shipped_file_speaks_from_the_current_folder(home: Path) -> None:
    found = load_params("params/hillstrom.yaml")
    assert found.values.comparison == "No E-Mail"
    assert (found.home, found.name) == (home, "params/hillstrom.yaml")


def test_moving_the_data_changes_no_hash(home: Path) -> None:
    here = load_params(written(home, "study: a\ndata: {folder: one}\n")).fingerprint()
    there = load_params(written(home, "study: a\n# moved\ndata: {folder: two, engine: {memory_limit: 1GB}}\n"))
    assert there.fingerprint() == here
    assert load_params(written(home, "study: a\n"), data=home).fingerprint() == here
    assert load_params(written(home, "study: a\nseed: 1\n")).fingerprint() == here, "a default written out is the same"
    assert load_params(written(home, "study: a\nseed: 2\n")).fingerprint() != here
    mapped = load_params(written(home, "study: a\ndata: {sources: [{map: /far/away/desk.yaml, path: x}]}\n"))
    nearer = load_params(written(home, "study: a\ndata: {sources: [{map: maps/desk.yaml, path: y}]}\n"))
    assert mapped.fingerprint() == nearer.fingerprint() != here


def test_keys_without_effect_are_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None is at present; one that was would be named where it is set, and nowhere else."""
    text = "study: a\nreport: {locale: de_DE, currency: CHF, audience: analyst}\n"
    values = load_params(written(home, text)).values
    assert without_effect(values) == []
    monkeypatch.setattr(not_acted_on, "NOT_ACTED_ON", {"report.locale": "not yet", "seed": "nor this"})
    assert without_effect(values) == ["`report.locale`: not yet"]
    assert without_effect(Params(study="a")) == []


def test_every_key_without_effect_is_a_key() -> None:
    schema = Params.json_schema()
    for key in NOT_ACTED_ON:
        name, _, below = key.partition(".")
        assert name in schema["properties"]
        if below and name != "designs":
            section = schema["properties"][name]["$ref"].rpartition("/")[2]
            assert below in schema["$defs"][section]["properties"]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_files_can_be_read_and_are_explained(name: str) -> None:
    path = shipped("params") / name
    values = load_params(path).values
    assert values.study == path.stem
    assert without_effect(values) == []
    assert path.read_text(encoding="utf-8").startswith("# ")


def test_all_promised_files_are_shipped() -> None:
    promised = {"demo", "study", "hillstrom", "twcs", "zendesk", "online_retail", "cdnow"}
    assert promised <= {Path(name).stem for name in SHIPPED}


CALENDAR = "period,first_day,last_day,quarter,year\n" + "".join(
    f"2026-P{n:02d},2026-{3 * n - 2:02d}-02,{last},{n},2026\n"
    for n, last in enumerate(["2026-04-01", "2026-07-01", "2026-10-01", "2027-01-01"], start=1)
)


def test_a_calendar_is_a_table_beside_the_parameters(home: Path) -> None:
    (home / "fiscal.csv").write_text(CALENDAR)
    typed = load_params(written(home, "study: a\nperiod: {span: 2026q3, calendar: fiscal.csv}\n"))
    assert typed.calendar is not None
    assert [str(month) for month in Period.of("2026q3", "UTC", typed.calendar).months()] == ["2026-P03"]
    before = typed.fingerprint()
    (home / "fiscal.csv").write_text(CALENDAR.replace("2027-01-01", "2027-01-02"))
    other = load_params(written(home, "study: a\nperiod: {span: 2026q3, calendar: fiscal.csv}\n"))
    assert other.fingerprint() != before, "another table is another run, whatever its name"


@pytest.mark.parametrize(
    ("period", "words"),
    [
        (
            "{span: 2027-P01, calendar: fiscal.csv}",
            r"`2027-P01` is not in fiscal.csv, which goes from 2026-P01 to 2026-P04",
        ),
        ("{span: 2025q3, calendar: fiscal.csv}", r"`2025q3` is not in fiscal.csv"),
        ("{span: 2026-03, calendar: fiscal.csv}", r"`2026-03` is no span of the calendar fiscal.csv"),
        ("{span: 2026-P03}", r"`2026-P03` is no span of the calendar civil"),
    ],
)
def test_a_span_is_one_of_its_calendar(home: Path, period: str, words: str) -> None:
    (home / "fiscal.csv").write_text(CALENDAR)
    with pytest.raises(ParamsError, match=words):
        load_params(written(home, f"study: a\nperiod: {period}\n"))


def test_faults_of_a_calendar_are_told_with_its_lines(home: Path) -> None:
    (home / "fiscal.csv").write_text(CALENDAR.replace("2026-07-01", "2026-06-30").replace(",4,2026", ",5,2026"))
    found = faults(home, "study: a\nperiod: {calendar: fiscal.csv}\n")
    assert [one.partition(":")[0] for one in found] == ["fiscal.csv", "fiscal.csv, column `quarter`"]
    assert all(f"(line {line})" in one for line, one in zip((4, 5), found, strict=True))


def test_opening_hours_are_written_short_or_with_their_days(home: Path) -> None:
    short = load_params(written(home, "study: a\nmetrics: {schedule: {mon: '09:00-17:00'}}\n")).values.opening_hours
    one = "[{hours: {mon: '09:00-17:00'}}, {from: 2026-09-01, timezone: Asia/Kolkata, hours: {tue: '10:00-12:00'}}]"
    typed = load_params(written(home, f"study: a\nmetrics: {{schedule: {one}}}\n"))
    long = typed.values.opening_hours
    assert short is not None
    assert long is not None
    assert short.timetables == long.timetables[:1]
    assert [(table.since, table.timezone) for table in long.timetables] == [
        (None, "UTC"),
        (date(2026, 9, 1), "Asia/Kolkata"),
    ]
    assert typed.canonical()["metrics"]["schedule"][1]["from"] == "2026-09-01"
    assert load_params(written(home, "study: a\n")).values.opening_hours is None


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("{mon: '9-17'}", "are no opening hours"),
        ("{monday: '09:00-17:00'}", "monday"),
        ("[{hours: {}}]", "hours"),
        ("[{hours: {mon: '09:00-17:00'}}, {hours: {mon: '09:00-17:00'}}]", "does not take effect after the one before"),
        ("[{form: 2026-01-01, hours: {mon: '09:00-17:00'}}]", "Did you mean `from`"),
        ("[{timezone: Europe/Londn, hours: {mon: '09:00-17:00'}}]", "there is no time zone"),
    ],
)
def test_what_is_no_schedule_is_a_fault_of_its_line(home: Path, schedule: str, words: str) -> None:
    (found,) = faults(home, f"study: a\nmetrics:\n  schedule: {schedule}\n")
    assert words in found
    assert "(line 3)" in found
