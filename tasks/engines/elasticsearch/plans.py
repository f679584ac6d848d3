"""What a plan keeps for its apply: bodies to write, objects to remove, streams to roll over; sealed by a digest."""

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
    """The steps of an apply.

    Attributes:
        wanted: all objects of the unit, which its outputs list afterwards.
        written: those that are created or changed, in order.
        gone: those that are removed, in order.
        displacing: index templates that replace a removed one of the same priority.
        streams: data streams to roll over, with their generation at the time of the plan.
        compared: all objects that the plan's basis covers.
    """

    wanted: Mapping[Address, Body] = field(default_factory=dict)
    written: tuple[Address, ...] = ()
    gone: tuple[Address, ...] = ()
    streams: Mapping[str, int] = field(default_factory=dict)
    compared: tuple[Address, ...] = ()
    displacing: tuple[Address, ...] = ()


def save(saved: Saved, folder: Path) -> Artifact:
    """Write the steps to a file in `folder` that only its owner can read, and return its artifact."""
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
    """Return the saved steps of a plan; raises `StalePlan` if the file is not the planned one."""
    kept = sealed.content(plan)
    return Saved(
        {parsed(name): body for name, body in kept["wanted"].items()},
        tuple(map(parsed, kept["written"])),
        tuple(map(parsed, kept["gone"])),
        kept["streams"],
        tuple(map(parsed, kept["compared"])),
        tuple(map(parsed, kept["displacing"])),
    )
