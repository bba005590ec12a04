"""A report is published whole or not at all, and the last good one stands through anything that happens before."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.foundation.errors import InputError
from analysis.foundation.links import is_link
from analysis.runner.manifest import is_whole, write_manifest
from analysis.runner.publish import Place, publish


def finished(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(text)
    (folder / "results.json").write_text(f'{{"study": "{text}"}}')
    write_manifest(folder, {"study": "demo"})
    return folder


Killing = Callable[[int, Callable[[], None]], bool]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "reports" / "demo")


def test_the_link_leads_to_the_report_and_survives_a_move(place: Place, tmp_path: Path) -> None:
    publish(finished(place.runs / "one", "one"), place.link)
    assert is_link(place.link)
    assert (place.link / "index.html").read_text() == "one"
    (tmp_path / "reports").rename(tmp_path / "moved")
    assert (tmp_path / "moved" / "demo" / "index.html").read_text() == "one"


def test_a_second_report_takes_the_place_and_the_first_stays(place: Place) -> None:
    publish(finished(place.runs / "one", "one"), place.link)
    publish(finished(place.runs / "two", "two"), place.link)
    publish(place.runs / "two", place.link)
    assert (place.link / "index.html").read_text() == "two"
    assert is_whole(place.runs / "one")
    assert sorted(os.listdir(place.link.parent)) == [".runs", "demo"]


def test_an_empty_folder_gives_way(place: Place) -> None:
    place.link.mkdir(parents=True)
    publish(finished(place.runs / "one", "one"), place.link)
    assert (place.link / "index.html").read_text() == "one"


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_no_run_has_made_is_left_alone(place: Place, tmp_path: Path, kind: str) -> None:
    report = finished(place.runs / "one", "one")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    if kind == "folder":
        mine.rename(place.link)
    elif kind == "link":
        place.link.symlink_to(mine)
    else:
        place.link.write_text("years of work")
    words = r"where the report should go\. Move it away, or name another folder with `--out`\."
    with pytest.raises(InputError, match=words):
        place.check()
    with pytest.raises(InputError, match=words):
        publish(report, place.link)
    kept = place.link if kind == "file" else place.link / "thesis.txt"
    assert kept.read_text() == "years of work"


def test_where_nothing_can_be_written_is_said_before_any_work(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(InputError, match=r"cannot be written to \(Read-only file system\)\. Name another folder with"):
        place.check()
    monkeypatch.undo()
    place.link.parent.parent.joinpath("file").touch()
    with pytest.raises(InputError, match="is a file, where a folder is needed"):
        Place(place.link.parent.parent / "file" / "demo").check()


def test_a_place_may_be_written_in_any_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    assert Place.of(Path("..")) == Place.of(tmp_path) == Place(tmp_path)
    assert Place.of(Path("../b/")).runs == tmp_path / ".runs" / "b"


def test_half_a_report_is_not_published(place: Place) -> None:
    publish(finished(place.runs / "one", "one"), place.link)
    (place.runs / "two").mkdir()
    with pytest.raises(ValueError, match="is not finished"):
        publish(place.runs / "two", place.link)
    changed = finished(place.runs / "three", "three")
    (changed / "index.html").write_text("tampered")
    with pytest.raises(ValueError, match="is not finished"):
        publish(changed, place.link)
    assert (place.link / "index.html").read_text() == "one"


def test_a_report_that_was_changed_later_gets_a_folder_beside_it(place: Place) -> None:
    assert place.run_folder("abc") == place.runs / "abc"
    finished(place.runs / "abc", "one")
    assert place.run_folder("abc") == place.runs / "abc", "whole, and so used again"
    (place.runs / "abc" / "index.html").unlink()
    assert place.run_folder("abc") == place.runs / "abc-2"
    assert (place.runs / "abc" / "results.json").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 and fork are not to be had on Windows")
def test_a_kill_between_any_two_steps_leaves_a_whole_report(tmp_path: Path, killed_at: Killing) -> None:
    """The process is killed before its 1st, 2nd, ... call that changes files: writing the manifest, then publishing.

    After each kill the link must lead to a report that is whole, the old one or the new one, and a second attempt must
    end with the new one. The loop ends when a process got through unharmed, so that every step has been hit.
    """
    seen = {"old": 0, "new": 0}
    for step in range(1, 500):
        place = Place(tmp_path / str(step) / "reports" / "demo")
        publish(finished(place.runs / "one", "one"), place.link)
        fresh = place.runs / "two"
        fresh.mkdir()
        (fresh / "index.html").write_text("two")

        def work(fresh: Path = fresh, place: Place = place) -> None:
            write_manifest(fresh, {"study": "demo"})
            publish(fresh, place.link)

        killed = killed_at(step, work)
        report = place.published()
        assert report is not None, f"killed at step {step}, no report is left"
        assert is_whole(report), f"killed at step {step}, half a report is left"
        seen["new" if report == fresh.resolve() else "old"] += 1
        work()
        assert place.published() == fresh.resolve()
        assert sorted(os.listdir(place.link.parent)) == [".runs", "demo"], "nothing is left lying about"
        if not killed:
            break
    else:
        pytest.fail("publishing takes more than 500 steps")
    assert seen["old"] >= 4, "the kills came before the swap and found the old report"
    assert seen["new"] >= 1
