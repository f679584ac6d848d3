"""Keep the engine's notes beside a saved plan, for its apply and for an observation afterwards."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from tasks.engines import sealed
from tasks.engines.terraform.private import Private
from tasks.engines.terraform.secrets import Secrets

_FILE = "flowmart.plan.json"


@dataclass(frozen=True)
class Kept:
    """How a plan was made, and what its apply left open.

    Attributes:
        destroy: the plan removes the whole unit.
        secrets: values that no error of the apply may show.
        lost: addresses of objects whose creation started but whose result is unknown.
        private: the values that encrypted files set.
    """

    destroy: bool = False
    secrets: Secrets = field(default_factory=Secrets)
    lost: frozenset[str] = frozenset()
    private: Private = field(default_factory=Private)


def save(kept: Kept, folder: Path) -> None:
    """Write the notes to a file that only the owner can read, like the plan file: both hold secrets."""
    lists = {"secrets": sorted(kept.secrets.values), "lost": sorted(kept.lost)}
    sealed.save({"destroy": kept.destroy, **lists, "private": dict(kept.private.values)}, folder / _FILE)


def load(folder: Path) -> Kept | None:
    """Read the notes; None if no plan was made in this checkout."""
    file = folder / _FILE
    if not file.is_file():
        return None
    found = json.loads(file.read_text())
    secrets, private = Secrets(frozenset(found["secrets"])), Private(found["private"])
    return Kept(found["destroy"], secrets, frozenset(found["lost"]), private)
