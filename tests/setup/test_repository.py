"""The project as it is handed out: set-up files that agree, notebooks without leftovers, nothing of this machine."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def test_environment_yml_says_what_pyproject_says() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "tools" / "environment.py"), "--check"], check=False)
    assert done.returncode == 0, "run `make lock`: environment.yml no longer fits pyproject.toml"


def test_every_dependency_is_locked_with_hashes() -> None:
    locked = set(re.findall(r"^([a-z0-9._-]+)==", LOCK, flags=re.MULTILINE))
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    names = {
        re.split(r"[<>=!~\[; ]", requirement)[0].lower().replace("_", "-").replace(".", "-") for requirement in wanted
    }
    assert names - {name.replace(".", "-") for name in locked} == set()
    assert LOCK.count("--hash=sha256:") > len(locked)


def test_the_lock_names_no_registry() -> None:
    assert not re.search(r"https?://|index-url|find-links", LOCK)


def test_the_engine_is_locked_on_the_release_that_was_tried() -> None:
    assert "\nduckdb==1.5.6 " in LOCK


def test_there_are_notebooks() -> None:
    names = {path.stem for path in NOTEBOOKS}
    assert names >= {
        "start_here",
        "metrics",
        "before_after",
        "service_effect",
        "adoption",
        "change_log",
        "ab_segments",
        "effort",
        "design_sheet",
        "loyalty_hypotheses",
        "roi_case",
        "summary",
    }


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_an_argument_and_no_program(path: Path) -> None:
    """No outputs, one parameter, no functions, loops or paths, a sentence above each step, about a dozen code cells."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
    assert len(code) <= 15
    assert "".join(cells[0]["source"]).startswith("# ")
    parameters = [cell for cell in code if "parameters" in cell["metadata"].get("tags", [])]
    assert ["".join(cell["source"]) for cell in parameters] == ['params = "params/demo.yaml"  # type: str']
    for cell in code:
        tree = ast.parse("".join(cell["source"]))
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.While, ast.Lambda, ast.ListComp)
        assert not any(isinstance(node, kinds) for node in ast.walk(tree)), path.stem
        texts = [
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        if cell not in parameters:
            assert not any("/" in text for text in texts), f"{path.stem} holds a path"


def test_nothing_of_this_machine_stands_in_the_project() -> None:
    """Tracked text files name neither a home folder nor the folder the project happens to lie in."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    here = str(ROOT)
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if (
            name
            and path.is_file()
            and path.suffix in {".py", ".md", ".toml", ".yaml", ".yml", ".ipynb", ".j2", ".lock", ""}
        ):
            text = path.read_text(encoding="utf-8", errors="replace")
            assert len(here) < 3 or f"{here}/" not in text, name
            assert f"{Path.home()}/" not in text, name


def test_reports_and_data_stay_out_of_git_but_ledgers_do_not() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"data/", "reports/*", "!reports/ledger/", "!reports/register/"} <= set(ignored)


def test_the_promises_of_the_demo_are_sealed_and_said_to_be_made_up() -> None:
    from analysis.runner.register import read_register

    promises = read_register(ROOT / "reports" / "register" / "demo")
    assert promises
    for one in promises:
        assert not one.is_draft
        assert one.description.endswith("(made up)")
        assert one.forecasts


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for address in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if "://" not in address:
                assert (page.parent / address).exists(), f"{page.name}: {address}"
