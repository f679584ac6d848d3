"""Units that only a release knows are shown as what they are, and not as left behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tasks.domain.errors import NotFound
from tasks.domain.platform import Environment, Platform, Unit
from tasks.domain.release import Release
from tasks.ledger.history import History
from tasks.reports.found_units import with_found_units

LIVE = "platform: shop\nenvironments: {dev: {}, production: {after: dev}}\nterragrunt: {root: 'live/{environment}'}\n"
PLATFORM = Platform(
    "shop", (Environment("dev"), Environment("production")), (Unit("image", "packer", "x", ("dev",)),)
)


@dataclass
class Past:
    """A history with one release, verified in dev."""

    units: tuple[str, ...]

    def current_release(self, environment: str) -> str:
        if environment == "dev":
            return "one"
        raise NotFound("nothing yet")

    def release(self, name: str) -> Release:
        return Release(name, name, dict.fromkeys(self.units, ""))


def test_the_units_of_the_release_that_is_there_are_added(tmp_path: Path) -> None:
    (tmp_path / "platform.yaml").write_text(LIVE)
    past = cast("History", Past(("dev/eu-vpc", "dev/image", "production/eu-vpc")))
    found = with_found_units(PLATFORM, tmp_path, past)
    assert [(unit.name, unit.environments) for unit in found.units] == [("image", ("dev",)), ("eu-vpc", ("dev",))]


def test_a_platform_without_terragrunt_stays_as_it_is_declared(tmp_path: Path) -> None:
    assert with_found_units(PLATFORM, tmp_path, cast("History", Past(("dev/other",)))) == PLATFORM
