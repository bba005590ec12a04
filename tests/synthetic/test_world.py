"""Are all worlds there by name, and does a wrong name get the nearest?"""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.foundation.errors import UnknownName
from analysis.synthetic import world as worlds
from analysis.synthetic.world import WORLDS, world_named

NAMED_BY_THE_CONTRACT = (
    "demo",
    "none",
    "effect",
    "harm",
    "incident",
    "season",
    "one_segment",
    "trend",
    "confounded",
    "confounded_strong",
    "late_joiners",
    "experiment",
)


@pytest.mark.parametrize("name", NAMED_BY_THE_CONTRACT)
def test_the_contract_s_worlds_are_there(name: str) -> None:
    assert world_named(name).about


def test_an_unknown_world_gets_the_nearest_name() -> None:
    with pytest.raises(UnknownName, match="Did you mean `confounded`"):
        world_named("counfounded")


def test_shares_add_to_one() -> None:
    for share in (worlds.REGION_SHARE, worlds.PRODUCT_SHARE, worlds.OTHER_CHANNEL_SHARE, worlds.SEVERITY_SHARE):
        assert sum(share) == pytest.approx(1)
    assert worlds.OTHER_CHANNEL_SHARE[worlds.SOCIAL] == 0


@pytest.mark.parametrize("name", [name for name in WORLDS if name not in {"demo", "effect", "harm", "one_segment"}])
def test_the_other_worlds_have_no_channel_effect(name: str) -> None:
    assert not any(WORLDS[name].order_effect)
    assert WORLDS[name].issue_effect == 0


def test_every_world_is_described_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "worlds.md").read_text()
    assert [name for name in WORLDS if f"`{name}`" not in page] == []
