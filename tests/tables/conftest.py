"""What several files of tests read of the real data, mapped once."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.tables.mapping import mapped
from tests.made_once import made_once


@pytest.fixture(scope="session")
def retail_cache(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds the million lines of Online Retail, as the shipped map makes them."""
    return made_once(
        tmp_path_factory, "retail", lambda place: mapped("online_retail", real_data / "online_retail", cache=place)
    )
