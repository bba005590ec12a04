"""What does the README of a replication package say? What is in it, and how to run the study again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TEXT = """# Replication package of the study `{study}`

Everything needed to check this study and to run it again, but the rows of its customers.

| file | holds |
|---|---|
| `results.json` | every figure of the report, each effect with its interval, checks and grade |
| `aggregates/` | what each step counted and estimated: sums over customers, no rows |
| `parameters.json` | all parameters, defaults written out |
| `replication.json` | the hash and version of the code, packages, fingerprints of the tables |
| `packages.lock` | every package of the installation that made it |
| `requirements.lock` | the same with hashes, where the code was a checkout |
| `SHA256SUMS` | the SHA-256 of every other file |

## Is it whole?

    sha256sum -c SHA256SUMS

## Run it again

1. Install Touchstone {version} on Python {python}, with the packages of `packages.lock`. Its code hash is
   `{code}`.
2. Put the tables in a folder. Their fingerprints must be these:

{inputs}

3. Run `touchstone compute parameters.json --data FOLDER --out ../again`.
4. Compare `../again/results.json` with `results.json`: the same tables, parameters, code and packages give the same
   bytes. Where anything differs, `touchstone diff results.json ../again/results.json` says which figures moved.
{maps}
What each method is and where it comes from: `docs/references.md` of Touchstone.
"""
_MAPS = """
The parameters name files of their owner's own (source maps, a table of periods, the report before). These are not in
the package: ask the owner, and name them in `parameters.json` where they then lie.
"""


def readme(about: Mapping[str, Any], *, own_files: bool = False) -> str:
    """The README.

    Parameters
    ----------
    about : mapping
        `study`, `version`, `python`, `code`, `inputs`, as in `replication.json`.
    own_files : bool
        Whether the parameters name files that are not in the package.

    Examples
    --------
    >>> about = {"study": "a", "version": "1", "python": "3.11.7", "code": "sha256:0", "inputs": {"orders": "sha256:1"}}
    >>> [line for line in readme(about).splitlines() if "orders" in line]
    ['       orders  sha256:1']
    """
    inputs = about.get("inputs") or {}
    width = max(map(len, inputs), default=0)
    lines = [f"       {name:<{width}}  {sign}" for name, sign in sorted(inputs.items())]
    return _TEXT.format(
        study=about["study"],
        version=about["version"],
        python=about["python"],
        code=about["code"],
        inputs="\n".join(lines) or "       (none)",
        maps=_MAPS if own_files else "",
    )
