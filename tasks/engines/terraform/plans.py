"""What the engine keeps beside a saved plan, for its apply and for what may have to be observed afterwards."""

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
    """How a plan was made, and what came of it.

    Attributes:
        destroy: whether it removes the whole unit.
        secrets: what must not stand in an error of its apply.
        lost: addresses of objects whose creation was begun and got no answer.
        private: what encrypted files set.
    """

    destroy: bool = False
    secrets: Secrets = field(default_factory=Secrets)
    lost: frozenset[str] = frozenset()
    private: Private = field(default_factory=Private)


def save(kept: Kept, folder: Path) -> None:
    """Write it as closed as the plan file is, which holds secrets too."""
    lists = {"secrets": sorted(kept.secrets.values), "lost": sorted(kept.lost)}
    sealed.save({"destroy": kept.destroy, **lists, "private": dict(kept.private.values)}, folder / _FILE)


def load(folder: Path) -> Kept | None:
    """What was kept; None where no plan was made in this checkout."""
    file = folder / _FILE
    if not file.is_file():
        return None
    found = json.loads(file.read_text())
    secrets, private = Secrets(frozenset(found["secrets"])), Private(found["private"])
    return Kept(found["destroy"], secrets, frozenset(found["lost"]), private)
