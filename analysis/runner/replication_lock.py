"""Which packages, in which versions, does a number of this installation come from? One line a package, `name==version`.

Everything that Touchstone needs, and what that needs in turn, as it is installed here. Which of them a number passed
through is in `provenance.packages` of the results; hashes of the archives are in `requirements.lock` of a checkout.
"""

from __future__ import annotations

from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

PROJECT = "touchstone-study"


def installed_packages(project: str = PROJECT) -> dict[str, str]:
    """Name and version of every package that a project needs, and of those that they need, as installed here.

    Packages that a marker leaves out on this system, and extras that nobody asked for, are not needed.

    Examples
    --------
    >>> {"numpy", "pandas", "scipy"} <= set(installed_packages())
    True
    >>> "touchstone-study" in installed_packages()
    False
    """
    found: dict[str, str] = {}
    waiting = [Requirement(project)]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if (name, frozenset(wanted.extras)) in seen:
            continue
        seen.add((name, frozenset(wanted.extras)))
        try:
            held = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # needed on other systems only, or of an extra that is not installed
        if name != canonicalize_name(project):
            found[name] = held.version
        waiting += _needed(held, wanted.extras or {""})
    return dict(sorted(found.items()))


def _needed(held: metadata.Distribution, extras: set[str]) -> list[Requirement]:
    found = []
    for text in held.requires or ():
        try:
            one = Requirement(text)
        except InvalidRequirement:
            continue
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in (*extras, "")):
            found.append(one)
    return found


def lock_text(packages: dict[str, str]) -> bytes:
    """The lock as a file that `pip install -r` reads.

    Examples
    --------
    >>> lock_text({"numpy": "2.4.6"}).decode()
    'numpy==2.4.6\\n'
    """
    return "".join(f"{name}=={version}\n" for name, version in sorted(packages.items())).encode()
