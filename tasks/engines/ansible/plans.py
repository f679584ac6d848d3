"""Define the job of a plan: what a run of a playbook needs besides its files, saved for the apply under a digest."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tasks.domain import wording
from tasks.domain.errors import InvalidInput, StalePlan
from tasks.domain.plan import Artifact, Change, Plan
from tasks.engines import sealed
from tasks.engines.ansible.inventories import Inventory
from tasks.engines.changes import SIGNS, listed

_SAVED = ".plan.json"


@dataclass(frozen=True)
class Job:
    """One run of a playbook.

    Attributes:
        playbook: a file in the unit's folder; empty if there is nothing to run (a removal without `remove.yml`).
        hosts: name -> address.
        user: the login user; empty to use the configuration's.
        variables: extra variables.
        groups: group -> the names of its hosts, besides the group of all of the unit's hosts.
        limit: the pattern of the hosts that the playbook is run on; empty for all.
        runs_handlers: run every handler, because an earlier run may have ended before its handlers ran.
        handlers: addresses of the handlers that ran in the rehearsal.
    """

    playbook: str
    hosts: Mapping[str, str]
    user: str = ""
    variables: Mapping[str, Any] | None = None
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    limit: str = ""
    runs_handlers: bool = False
    handlers: Sequence[str] = ()


def job(unit: str, playbook: str, inputs: Mapping[str, Any]) -> Job:
    """Build the job from a unit's inputs.

    Args:
        unit: the unit's name, for messages.
        playbook: a file in the unit's folder.
        inputs: `hosts` (name -> address, or group -> {name: address}), and optionally `user` and `variables`.

    Raises:
        InvalidInput: no hosts are given, a group is empty, or a name or address is not valid.
    """
    given = inputs.get("hosts")
    if not isinstance(given, Mapping) or not given:
        raise InvalidInput(f"{unit}: inputs.hosts: name at least one host and its address, as {{bastion: 10.0.0.1}}")
    groups = {str(name): members for name, members in given.items() if isinstance(members, Mapping)}
    hosts = {str(name): address for name, address in given.items() if name not in groups}
    for group, members in groups.items():
        if not members:
            raise InvalidInput(f"{unit}: inputs.hosts.{group}: a group needs at least one host")
        hosts |= members
    for name, address in hosts.items():
        if "[" in name:
            raise InvalidInput(f"{unit}: inputs.hosts.{name}: Ansible takes [ for a range: name each host")
        if not isinstance(address, str) or not address or "{" in address:
            raise InvalidInput(f"{unit}: inputs.hosts.{name}: {address!r} is not an address")
    return Job(
        playbook,
        hosts,
        str(inputs.get("user") or ""),
        dict(inputs.get("variables") or {}),
        {group: list(members) for group, members in groups.items()},
    )


def inventoried(playbook: str, found: Inventory, limit: str, inputs: Mapping[str, Any]) -> Job:
    """Build the job of a unit whose hosts come from inventories."""
    user, variables = str(inputs.get("user") or ""), dict(inputs.get("variables") or {})
    groups = {name: list(members) for name, members in found.groups.items()}
    return Job(playbook, dict(found.hosts), user, variables, groups, limit)


def save(what: Job, unit: str, folder: Path) -> Artifact:
    """Write the job into `folder`. Only the owner may read the file: the variables may contain secrets."""
    return sealed.save(asdict(what), folder / f"{unit}.{what.playbook or 'nothing'}{_SAVED}")


def is_saved(path: str) -> bool:
    """Tell whether a file in a unit's folder is a plan that was saved there. It is no part of the release."""
    return path.endswith((_SAVED, _used(Path(f"x{_SAVED}")).name.removeprefix("x")))


def take(plan: Plan) -> tuple[Job, float]:
    """Return the plan's job and its age in seconds, and use the plan up.

    Raises:
        StalePlan: the plan was taken before, or its file is not the one that was planned.
    """
    file = sealed.intact(plan, "the plan is used up, or its file is not the one that was planned")
    saved, age = file.read_text(), time.time() - file.stat().st_mtime
    file.rename(_used(file))
    return Job(**json.loads(saved)), age


def saved(plan: Plan) -> Job:
    """Return the job of a plan that was just made; an empty job if the plan has no artifact."""
    return Job(**json.loads(plan.artifact.path.read_text())) if plan.artifact else Job("", {})


def used(plan: Plan) -> Job:
    """Return the job of a plan, whether or not it was taken.

    Raises:
        StalePlan: the plan's file does not exist any more.
    """
    files = (_used(plan.artifact.path), plan.artifact.path) if plan.artifact else ()
    found = next((path for path in files if path.is_file()), None)
    if found is None:
        raise StalePlan(f"{plan.target}: the plan file is gone; plan again")
    return Job(**json.loads(found.read_text()))


def _used(file: Path) -> Path:
    return file.with_suffix(".applied")


def text(changes: Iterable[Change], warnings: Iterable[str], unknown: Sequence[str] = ()) -> str:
    """Format a plan: each change with its differences, then what cannot be rehearsed, then the warnings."""
    more = ["The apply also runs what cannot be rehearsed:", *(f"  {each}" for each in unknown)]
    known = listed(changes, _lines, () if unknown else warnings)
    if not unknown:
        return known
    listing = [] if known == "No changes." else [known]
    return "\n".join([*listing, *more, *(f"! {warning}" for warning in warnings)])


def _lines(change: Change) -> list[str]:
    return [f"{SIGNS[change.action]} {change.address}", *(f"    {line}" for line in wording.differences(change))]
