"""What a plan keeps for its apply: the bodies to write, what goes, and what is rolled over; sealed by a digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.domain.plan import Artifact, Plan
from tasks.engines import sealed
from tasks.engines.elasticsearch.addresses import Address, Body, parsed


@dataclass(frozen=True)
class Saved:
    """What an apply does.

    Attributes:
        wanted: all objects of the unit, which are what its outputs list afterwards.
        written: those that are created or changed, in order.
        gone: those that are removed, in order.
        displacing: index templates that take the place of one that goes, with the same priority.
        streams: data streams to roll over, with their generation when it was planned.
        compared: all objects that the basis of the plan is made of.
    """

    wanted: Mapping[Address, Body] = field(default_factory=dict)
    written: tuple[Address, ...] = ()
    gone: tuple[Address, ...] = ()
    streams: Mapping[str, int] = field(default_factory=dict)
    compared: tuple[Address, ...] = ()
    displacing: tuple[Address, ...] = ()


def save(saved: Saved, folder: Path) -> Artifact:
    """Write it into `folder`, readable for its owner only."""
    content: dict[str, Any] = {
        "wanted": {str(address): body for address, body in saved.wanted.items()},
        "written": [str(address) for address in saved.written],
        "gone": [str(address) for address in saved.gone],
        "streams": dict(saved.streams),
        "compared": [str(address) for address in saved.compared],
        "displacing": [str(address) for address in saved.displacing],
    }
    return sealed.save(content, folder / "elasticsearch.plan")


def load(plan: Plan) -> Saved:
    """What `plan` saved; `StalePlan` when the file is not the one that was planned."""
    kept = sealed.content(plan)
    return Saved(
        {parsed(name): body for name, body in kept["wanted"].items()},
        tuple(map(parsed, kept["written"])),
        tuple(map(parsed, kept["gone"])),
        kept["streams"],
        tuple(map(parsed, kept["compared"])),
        tuple(map(parsed, kept["displacing"])),
    )
