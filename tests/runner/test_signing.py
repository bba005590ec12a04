"""Pages say Draft, Reviewed or Signed as long as it is so, on every page at once, whatever happens in between."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from analysis import cli
from analysis.foundation.errors import InputError, LedgerBroken
from analysis.foundation.provenance import canonical_json, fingerprint
from analysis.ledger.signature import DRAFT, Signature
from analysis.ledger.signatures import Signatures, verify_signatures
from analysis.reporting.shell import shell
from analysis.reporting.signed import standing_line, with_standing
from analysis.reporting.site import write_index
from analysis.runner.finished import find_report
from analysis.runner.manifest import is_whole, read_manifest, write_manifest
from analysis.runner.publish import Place, publish
from analysis.runner.renewing import publish_as_it_stands, standing_listed
from analysis.runner.run import Run, run_study
from analysis.runner.sharing import share_report
from analysis.runner.signing import sign_report
from analysis.runner.verifying import verified, verified_report

Killing = Callable[[int, Callable[[], object]], bool]
NOW = datetime(2026, 10, 7, 9, 30)
HOSTILE = '<script>alert(1)</script> & "Ada" {{ 7*7 }}'
PAGES = ("index.html", "metrics.html")


def page(name: str) -> str:
    return (
        f"<!doctype html><title>{name} – care</title><style>{shell().style}</style><header>{standing_line()}</header>"
        '<p class="standing">What a notebook wrote.</p>\r\n'
    )


def made(folder: Path, **changes: object) -> Path:
    """A finished report that no notebook had to be run for."""
    (folder / "notebooks").mkdir(parents=True)
    for name in PAGES:
        (folder / name).write_bytes(page(name).encode())
    (folder / "notebooks" / "metrics.ipynb").write_text("{}")
    results = {
        "study": "care-2026q3",
        "known_at": "2026-10-06T00:00:00Z",
        "period": {"start": "2026-07-01", "end": "2026-10-01", "timezone": "UTC"},
        "metrics": [],
        "effects": [],
        "provenance": {"inputs": {}},
    }
    (folder / "results.json").write_bytes(canonical_json(results | changes))
    write_manifest(folder, {"study": "care-2026q3", "run": folder.name, "seconds": {}})
    return folder


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A published report under `reports`, with the index beside it."""
    monkeypatch.chdir(tmp_path)
    link = tmp_path / "reports" / "care-2026q3"
    publish(made(tmp_path / "reports" / ".runs" / "care-2026q3" / "abc"), link)
    write_index(link.parent, standing=standing_listed)
    return link


def words(report: Path) -> list[str]:
    """What each page, and the index, say first."""
    pages = [report / name for name in PAGES] + [report.parent / "index.html"]
    found = [re.search(r'<p class="standing"><strong>(\w+)</strong>', one.read_text()) for one in pages]
    return [one[1] if one else "" for one in found]


def sign(report: Path | str, name: str = "Ada", role: str = "reviewer", note: str = "") -> object:
    return sign_report(report, name=name, role=role, note=note, now=NOW)


def test_pages_say_who_signed_and_the_results_stay_what_they_are(report: Path) -> None:
    before = (report / "results.json").read_bytes()
    assert words(report) == ["Draft"] * 3
    sign(report, note="all counted twice")
    assert words(report) == ["Reviewed"] * 3
    standing = Signatures.open(report.parent / "ledger" / "care").standing(fingerprint(report / "results.json"))
    line = "by <bdi>Ada</bdi> (reviewer) on 7 October 2026: <q><bdi>all counted twice</bdi></q>."
    for name in PAGES:
        text = (report / name).read_bytes().decode()
        assert f'<p class="standing"><strong>Reviewed</strong> {line}</p>' in text
        assert text == with_standing(text, standing)
        assert text.endswith('<p class="standing">What a notebook wrote.</p>\r\n'), "nothing else is touched"
    assert line in (report.parent / "index.html").read_text()
    sign(report, "Zoe", "approver")
    assert words(report) == ["Signed"] * 3
    assert (
        "<strong>Signed</strong> by <bdi>Zoe</bdi> (approver) on 7 October 2026. Reviewed by <bdi>Ada</bdi>"
        in (report / "metrics.html").read_text()
    )
    assert (report / "results.json").read_bytes() == before
    assert is_whole(report)
    assert verify_signatures(report.parent / "ledger" / "care").signatures == 2


def test_a_sealed_folder_is_never_written_to(report: Path) -> None:
    sealed = report.resolve()
    before = {path: path.read_bytes() for path in sealed.rglob("*") if path.is_file()}
    sign(report)
    assert report.resolve() != sealed
    assert {path: path.read_bytes() for path in sealed.rglob("*") if path.is_file()} == before
    assert is_whole(sealed)


def test_a_second_time_changes_nothing_and_says_so(report: Path) -> None:
    first = sign_report(report, name="Ada", role="reviewer", now=NOW)
    folder = report.resolve()
    again = sign_report(report, name=" ada", role="Reviewer", note="another note", now=datetime(2026, 11, 1))
    assert (first.already, again.already) == (False, True)
    assert again.signature == first.signature
    assert "was given before" in str(again)
    assert report.resolve() == folder
    with pytest.raises(InputError, match="Two roles are two people"):
        sign(report, "ADA", "approver")
    assert words(report) == ["Reviewed"] * 3


@pytest.mark.parametrize(
    "named",
    ["{}", "reports/{}", "reports/{}/", "reports/{}/results.json", "reports/.runs/{}/abc", "reports/.runs/{}/abc/"],
)
def test_a_report_is_found_by_any_of_its_names(report: Path, named: str) -> None:
    sign(named.format("care-2026q3"))
    assert words(report) == ["Reviewed"] * 3


def test_hostile_words_are_words(report: Path) -> None:
    sign(report, HOSTILE, note=f"</q></p>{HOSTILE}")
    for path in (*(report / name for name in PAGES), report.parent / "index.html"):
        text = path.read_text()
        assert "<script" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#34;Ada&#34; {{ 7*7 }}" in text
    sign(report, "Zoe", "approver")
    assert words(report) == ["Signed"] * 3
    assert (report / "index.html").read_text().count('<p class="standing">') == 2, "the line ends where it ended"


def test_nothing_is_written_for_what_cannot_be_signed(report: Path) -> None:
    copy = shutil.copytree(report, report.parent / "copy")
    old = made(report.parent / ".runs" / "old" / "abc")
    for name in PAGES:
        (old / name).write_text("<title>x</title>")
    write_manifest(old, {"study": "old", "run": "abc"})
    publish(old, report.parent / "old")
    newer = made(report.parent / ".runs" / "care-2026q3" / "newer", known_at="2026-11-01T00:00:00Z")
    (report.parent / "empty").mkdir()
    for named, said in {
        "nowhere": "there is no finished report",
        report.parent / "empty": "there is no finished report",
        copy: "is a copy of a report",
        report.parent / "old": "was made by an earlier version",
        newer: "is not newer, which was named",
    }.items():
        with pytest.raises(InputError, match=said):
            sign(named)
    for given in ({"name": "a\u202eb"}, {"role": "boss"}, {"note": "a\nb"}):
        with pytest.raises(InputError):
            sign(report, **given)
    (report / "metrics.html").write_text("another")
    with pytest.raises(InputError, match=r"metrics\.html was changed since the report was made"):
        sign(report)
    assert not (report.parent / "ledger").exists()


def test_a_broken_record_takes_no_signature(report: Path) -> None:
    sign(report)
    path = report.parent / "ledger" / "care" / "signatures" / "0001.jsonl"
    path.write_text(path.read_text().replace("Ada", "Eva"))
    with pytest.raises(LedgerBroken, match=r"signatures/0001\.jsonl: signature 1 was changed after it was written"):
        sign(report, "Zoe", "approver")
    path.with_name("0001.jsonl").unlink()
    (report.parent / "ledger" / "care" / "0001.jsonl").write_text("{}\n")
    with pytest.raises(LedgerBroken, match="The ledger does not hold"):
        sign(report, "Zoe", "approver")


def test_edited_results_make_it_a_draft_again(report: Path) -> None:
    """The first to notice says so, with 4; what was edited stays, and stays known as changed."""
    sign(report)
    results = report / "results.json"
    results.write_bytes(results.read_bytes().replace(b"2026-10-06", b"2026-10-07"))
    edited = results.read_bytes()
    answer = verified_report(report, report.parent)
    assert not answer.holds
    assert answer.renewed
    assert "results.json was changed since the report was made." in str(answer)
    assert "It shows 1 signature given to something else: results.json was changed since." in str(answer)
    assert words(report) == ["Draft"] * 3
    assert results.read_bytes() == edited
    again = verified_report(report, report.parent)
    assert (again.holds, again.renewed) == (False, False)
    with pytest.raises(InputError, match="was changed since the report was made"):
        sign(report, "Zoe", "approver")


def test_results_and_manifest_edited_together_are_found_too(report: Path) -> None:
    sign(report)
    folder = report.resolve()
    (folder / "results.json").write_bytes((folder / "results.json").read_bytes().replace(b"10-06", b"10-07"))
    manifest = read_manifest(folder)
    assert manifest is not None
    manifest["files"]["results.json"] = fingerprint(folder / "results.json")
    (folder / "manifest.json").write_bytes(canonical_json(manifest))
    assert is_whole(folder)
    answer = verified_report(report, report.parent)
    assert "It shows 1 signature given to something else: results.json was changed since." in answer.faults[0]
    assert words(report) == ["Draft"] * 3
    again = verified_report(report, report.parent)
    assert (again.faults, again.renewed) == (answer.faults, False), "it is said until the study is run again"
    with pytest.raises(InputError, match="given to something else"):
        sign(report, "Zoe", "approver")
    publish_as_it_stands(report.parent / ".runs" / "care-2026q3" / "abc", Place(report), print)
    assert verified_report(report, report.parent).standing.word == "Reviewed"


@pytest.mark.parametrize("number", ["0001", "0002"])
def test_a_record_that_was_changed_or_lost_makes_drafts(report: Path, number: str) -> None:
    sign(report)
    sign(report, "Zoe", "approver")
    path = report.parent / "ledger" / "care" / "signatures" / f"{number}.jsonl"
    path.write_text(path.read_text().replace('"care-2026q3"', '"care-2026q4"'))
    answers = verified(None, report.parent.parent)
    assert [one.holds for one in answers] == [False, False]
    assert f"signatures/{number}.jsonl" in str(answers[0])
    assert "The record of signatures does not hold" in str(answers[1])
    assert words(report) == ["Draft"] * 3


def test_a_lost_record_is_noticed_by_what_pages_say(report: Path) -> None:
    sign(report)
    shutil.rmtree(report.parent / "ledger")
    for _ in range(3):
        (answer,) = verified(None, report.parent.parent)
        assert "1 signature that it has shown is missing from the record of signatures." in str(answer)
        assert words(report) == ["Draft"] * 3
    said: list[str] = []
    publish_as_it_stands(report.parent / ".runs" / "care-2026q3" / "abc", Place(report), said.append)
    assert "is missing from the record" in said[0], "no run makes it good"


def rolled_back(report: Path) -> Path:
    """Ada reviewed and Zoe approved; then the approval is taken away, and the head set back."""
    sign(report)
    folder = report.parent / "ledger" / "care" / "signatures"
    head = (folder / "head.json").read_bytes()
    sign(report, "Zoe", "approver")
    (folder / "0002.jsonl").unlink()
    (folder / "head.json").write_bytes(head)
    assert verify_signatures(folder.parent).holds, "the record itself cannot tell"
    return folder


def test_a_record_that_was_set_back_is_told_until_somebody_signs_seeing_it(report: Path) -> None:
    folder = rolled_back(report)
    for _ in range(3):
        answer = verified_report(report, report.parent)
        assert "1 signature that it has shown is missing" in str(answer)
        assert words(report) == ["Draft"] * 3
    with pytest.raises(InputError, match="is missing from the record of signatures"):
        share_report(report)
    signed = sign_report(report, name="Ada", role="reviewer", now=NOW)
    assert not signed.already
    assert "1 signature that had been shown before was missing from the record then." in str(signed)
    assert "1 signature that had been shown before was missing" in (report / "metrics.html").read_text()
    line = json.loads((folder / "0002.jsonl").read_bytes())
    assert len(line["lost"]) == 1
    answer = verified_report(report, report.parent)
    assert (answer.holds, answer.standing.word, len(answer.standing.signatures)) == (True, "Reviewed", 1)
    assert sign_report(report, name="Ada", role="reviewer", now=NOW).already


def test_a_record_that_comes_back_holds_again(report: Path) -> None:
    folder = rolled_back(report)
    assert not verified_report(report, report.parent).holds
    shutil.rmtree(folder)
    assert not verified_report(report, report.parent).holds
    rolled_back_again = report.parent / "again"
    publish(made(rolled_back_again / ".runs" / "care-2026q3" / "abc"), rolled_back_again / "care-2026q3")
    sign(rolled_back_again / "care-2026q3")
    sign(rolled_back_again / "care-2026q3", "Zoe", "approver")
    shutil.copytree(rolled_back_again / "ledger" / "care" / "signatures", folder)
    answer = verified_report(report, report.parent)
    assert (answer.holds, answer.standing.word) == (True, "Signed")
    assert words(report) == ["Signed"] * 3


def forged(
    report: Path, name: str = "index.html", old: str = "What a notebook wrote", new: str = "Saved 9 million"
) -> None:
    """A page is changed, and the manifest with it."""
    folder = report.resolve()
    (folder / name).write_text((folder / name).read_text().replace(old, new))
    manifest = read_manifest(folder)
    assert manifest is not None
    manifest["files"][name] = fingerprint(folder / name)
    (folder / "manifest.json").write_bytes(canonical_json(manifest))
    assert is_whole(folder)


def test_a_page_forged_with_its_manifest_is_no_longer_signed(report: Path) -> None:
    sign(report, "Zoe", "approver")
    forged(report)
    write_index(report.parent, standing=standing_listed)
    assert words(report) == ["Signed", "Signed", "Draft"], "the index does not say what the pages may not"
    for renewed in (True, False, False):
        answer = verified_report(report, report.parent)
        assert answer.renewed is renewed
        assert "It shows 1 signature given to something else: its pages or documents were changed since." in str(answer)
        assert words(report) == ["Draft"] * 3
    with pytest.raises(InputError, match="its pages or documents were changed since"):
        share_report(report)
    with pytest.raises(InputError, match="its pages or documents were changed since"):
        sign(report, "Ada")
    publish_as_it_stands(report.parent / ".runs" / "care-2026q3" / "abc", Place(report), print)
    assert "Saved 9 million" not in (report / "index.html").read_text()
    write_index(report.parent, standing=standing_listed)
    assert verified_report(report, report.parent).holds
    assert words(report) == ["Signed"] * 3


def test_a_page_left_out_of_the_manifest_is_missed(report: Path) -> None:
    sign(report)
    folder = report.resolve()
    manifest = read_manifest(folder)
    assert manifest is not None
    del manifest["files"]["metrics.html"]
    (folder / "manifest.json").write_bytes(canonical_json(manifest))
    assert not verified_report(report, report.parent).holds


def test_pages_rendered_anew_are_a_draft_that_tells_of_the_signature(report: Path) -> None:
    """The same results, made into other pages by other code: read again, and signed again by the same name."""
    place = Place(report)
    sign(report, "Zoe", "approver")
    other = made(place.runs / "other")
    (other / "metrics.html").write_text(page("metrics").replace("notebook", "newer notebook"))
    write_manifest(other, {"study": "care-2026q3", "run": "other", "seconds": {}})
    publish_as_it_stands(other, place, print)
    write_index(report.parent, standing=standing_listed)
    assert words(report) == ["Draft"] * 3
    told = "These pages are not signed. The same results, on other pages, were signed by <bdi>Zoe</bdi> (approver) on"
    assert told in (report / "index.html").read_text()
    assert verified_report(report, report.parent).holds
    again = sign_report(report, name="Zoe", role="approver", now=NOW)
    assert not again.already
    assert words(report) == ["Signed"] * 3
    assert [one.number for one in again.standing.signatures] == [2]
    publish_as_it_stands(place.runs / "abc", place, print)
    assert words(report)[:2] == ["Signed"] * 2, "the first pages were signed too"


def test_a_signature_of_an_earlier_version_holds_for_the_results_and_says_so(report: Path) -> None:
    found = find_report(report, report.parent)
    record = Signatures.open(found.ledger, "care")
    old = Signature(
        number=0, family="care", study="care-2026q3", run="abc", results=found.results, known_at=None, period=None,
        role="approver", name="Zoe", note="", signed_at=NOW, closes=(0, ""),
    )  # fmt: skip
    record.append(old)
    answer = verified_report(report, report.parent)
    assert (answer.holds, answer.standing.word, answer.unbound) == (True, "Signed", 1)
    assert "By results.json alone" in str(answer)
    assert not sign_report(report, name="Zoe", role="approver", now=NOW).already, "signing again binds the pages"
    assert verified_report(report, report.parent).unbound == 0


def test_a_copy_is_said_to_be_one(report: Path) -> None:
    sign(report)
    copy = shutil.copytree(report, report.parent / "copy")
    linked = report.parent / "linked"
    linked.symlink_to(report.resolve())
    for one in (copy, linked):
        answer = verified_report(one, report.parent)
        assert answer.holds
        assert (
            str(answer)
            == f"{one}: A copy of the report of `care-2026q3`. Reviewed by Ada (reviewer) on 7 October 2026."
        )
        assert answer.to_dict()["copy_of"] == "care-2026q3"
        for refused in (sign, share_report):
            with pytest.raises(InputError, match="is a copy of a report"):
                refused(one)
    (copy / "index.html").write_text((copy / "index.html").read_text().replace("Reviewed", "Signed"))
    forged(copy, new="x")
    assert not verified_report(copy, report.parent).holds


@pytest.mark.parametrize(
    "given", [{"note": "as jane@example.org said"}, {"name": "Ada @ada_l"}, {"note": "call +44 20 7946 0958"}]
)
def test_addresses_are_not_signed(report: Path, given: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"holds what looks like an? .*could never be shared") as found:
        sign(report, **given)
    assert "Nothing was signed" in str(found.value)
    assert not (report.parent / "ledger").exists()
    assert "were not searched for customers" in str(sign_report(report, name="Ada", role="reviewer", now=NOW))


def test_a_page_that_was_forged_is_found(report: Path) -> None:
    (report / "index.html").write_text((report / "index.html").read_text().replace("Draft", "Signed", 1))
    assert words(report)[0] == "Signed"
    (answer,) = verified(None, report.parent.parent)
    assert not answer.holds
    assert words(report) == ["Draft"] * 3


def test_what_holds_is_said_and_drafts_are_passed_over(report: Path) -> None:
    with pytest.raises(InputError, match="there are no closed months"):
        verified(None, report.parent.parent)
    sign(report)
    answers = verified(None, report.parent.parent)
    head = Signatures.open(report.parent / "ledger" / "care").head
    assert [str(one).partition(": ")[2] for one in answers] == [
        f"The record of signatures holds: 1 signature, up to {head[:12]}.",
        "Reviewed by Ada (reviewer) on 7 October 2026.",
    ]
    assert all(one.holds for one in answers)
    json.dumps([one.to_dict() for one in answers])
    copy = shutil.copytree(report, report.parent / "copy")
    assert verified_report(copy, report.parent).holds
    (one,) = verified(report.parent / "ledger" / "care" / "signatures", report.parent)
    assert one.holds


def test_signed_pages_come_back_with_the_results(report: Path) -> None:
    """Another run is a draft; the run whose results were signed, published again, is signed again, with no new copy."""
    place = Place(report)
    sign(report)
    signed = report.resolve()
    other = made(place.runs / "other", known_at="2026-11-01T00:00:00Z")
    said: list[str] = []
    assert publish_as_it_stands(other, place, said.append) == other
    write_index(report.parent, standing=standing_listed)
    assert words(report) == ["Draft"] * 3
    assert publish_as_it_stands(place.runs / "abc", place, said.append) == signed
    assert words(report) == ["Reviewed", "Reviewed", "Draft"], "the index is written after"
    assert said == []
    (report.parent / "ledger" / "care" / "signatures" / "0001.jsonl").write_text("{}\n")
    assert publish_as_it_stands(place.runs / "abc", place, said.append) == place.runs / "abc"
    assert words(report)[:2] == ["Draft", "Draft"]
    assert "The report is a draft: the record of signatures does not hold" in said[0]


def test_an_edited_copy_is_passed_over_by_the_next_run(report: Path) -> None:
    place = Place(report)
    sign(report)
    (report / "results.json").write_text("{}")
    edited = report.resolve()
    shown = publish_as_it_stands(place.runs / "abc", place, print)
    assert shown not in (edited, place.runs / "abc")
    assert is_whole(report)
    assert words(report)[:2] == ["Reviewed", "Reviewed"]
    assert (edited / "results.json").read_text() == "{}", "what somebody wrote is left as it is"


def test_killed_at_any_point_a_report_says_one_thing(report: Path, tmp_path: Path, killed_at: Killing) -> None:
    """Killed before the 1st, 2nd, ... call that changes files: all pages say the same, the report is whole, and signing
    again brings it to its end."""
    seen = []
    for kill in range(1, 200):
        reports = tmp_path / f"{kill}" / "reports"
        link = reports / "care-2026q3"
        publish(made(reports / ".runs" / "care-2026q3" / "abc"), link)
        write_index(reports, standing=standing_listed)
        killed = killed_at(kill, lambda link=link: sign(link))
        assert is_whole(link), kill
        said = words(link)
        assert said[0] == said[1], kill
        signed = len(Signatures.open(reports / "ledger" / "care", "care").signatures)
        assert signed or said == ["Draft"] * 3, "no page says what is not in the record"
        seen.append((signed, said[0]))
        sign(link)
        assert words(link) == ["Reviewed"] * 3
        assert len(Signatures.open(reports / "ledger" / "care", "care").signatures) == 1
        assert not [one for one in (reports / ".runs" / "care-2026q3").iterdir() if one.name.endswith(".part")]
        if not killed:
            break
    assert not killed
    assert seen == sorted(seen, key=lambda pair: (pair[0], pair[1] == "Reviewed"))
    assert {(0, "Draft"), (1, "Draft"), (1, "Reviewed")} == set(seen)


def test_verifying_finishes_what_a_killed_signer_left(report: Path) -> None:
    """The signature is in the record, the pages lag behind: verifying brings them up."""
    sign(report)
    publish(report.parent / ".runs" / "care-2026q3" / "abc", report)
    assert words(report)[:2] == ["Draft", "Draft"]
    answer = verified_report(report, report.parent)
    assert answer.holds
    assert answer.renewed
    assert words(report) == ["Reviewed"] * 3


def test_a_manifest_leads_nowhere_but_into_its_report(report: Path) -> None:
    outside = report.parent / "outside.html"
    outside.write_text(page("outside"))
    folder = report.resolve()
    manifest = read_manifest(folder)
    assert manifest is not None
    manifest["files"] |= {"../../../outside.html": "sha256:0", str(outside): "sha256:0"}
    (folder / "manifest.json").write_bytes(canonical_json(manifest))
    assert set(find_report(report, report.parent).pages) == set(PAGES)


def test_an_index_that_is_not_ours_is_left_alone(report: Path) -> None:
    (report.parent / "index.html").write_text("<h1>My page</h1>")
    sign(report)
    assert (report.parent / "index.html").read_text() == "<h1>My page</h1>"


def test_the_command_signs_and_verifies_with_its_exit_status(
    report: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def called(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["touchstone", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        seen = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return end.value.code, seen.out + seen.err

    status, said = called("sign", "care-2026q3", "--as", "Ada", "--role", "reviewer", "--note", "all of it", "--json")
    assert (status, json.loads(said)["standing"]["word"]) == (0, "Reviewed")
    assert called("sign", "care-2026q3", "--as", "Ada", "--role", "boss")[0] == 2
    assert called("sign", "care-2026q3", "--as", "Ada")[0] == 2
    assert called("verify")[0] == 0
    assert called("verify", "care-2026q3")[0] == 0
    (report / "results.json").write_text("{}")
    status, said = called("verify", "reports/care-2026q3")
    assert status == 4
    assert "Draft" in said
    assert called("verify")[0] == 4


def test_a_rerun_keeps_its_signature_and_other_parameters_make_a_draft(home: Path) -> None:
    """Through whole runs: about 8 s."""

    def run() -> Run:
        return run_study("params/trial.yaml")

    first = run()
    assert words_of(first) == {"Draft"}
    sign_report("trial", name="Ada", role="reviewer", now=NOW)
    again = run()
    assert again.reused
    assert again.run == first.run
    assert words_of(again) == {"Reviewed"}
    assert "by <bdi>Ada</bdi>" in (home / "reports" / "index.html").read_text()
    params = home / "params" / "trial.yaml"
    text = params.read_text()
    params.write_text(text + "seed: 7\n")
    other = run()
    assert other.run != first.run
    assert words_of(other) == {"Draft"}
    assert "<strong>Draft</strong>" in (home / "reports" / "index.html").read_text()
    params.write_text(text)
    assert words_of(run()) == {"Reviewed"}
    assert DRAFT.word == "Draft"


def words_of(run: Run) -> set[str]:
    pages = [re.search(r'<p class="standing"><strong>(\w+)', one.read_text()) for one in run.report.glob("*.html")]
    return {one[1] if one else "" for one in pages}
