"""Identify a state by its place, its lineage and its serial, and compare it with the one that was last applied.

The receipt of every apply contains these. A state with another lineage is not the one that was applied: a plan from
it would create everything again. Source: Terraform's state has a `lineage`, created once with the state, and a
`serial` that every write increases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from tasks.domain.errors import Refused
from tasks.domain.release import Receipt
from tasks.engines.base import Workspace

PLACE, WORKSPACE, LINEAGE, SERIAL, TOOL = "state", "workspace", "lineage", "serial", "tool"
"""Keys of the receipt's details."""


def details(place: str, workspace: str, state: Mapping[str, Any], executable: str) -> dict[str, Any]:
    """Return the details for a receipt.

    Args:
        place: the location of the state.
        workspace: the tool's workspace.
        state: the state; empty if there is none.
        executable: the tool that wrote it.
    """
    found = {PLACE: place, WORKSPACE: workspace, LINEAGE: state.get("lineage", ""), SERIAL: state.get("serial", 0)}
    return {**found, TOOL: tool(executable, state)}


def tool(executable: str, document: Mapping[str, Any]) -> str:
    """Return what wrote a state or a plan: "terraform 1.11.4"."""
    return f"{PurePath(executable).name} {document.get('terraform_version', '')}".strip()


def refuse_another(receipt: Receipt | None, place: str, state: Mapping[str, Any]) -> None:
    """Check that a state is the one that was applied last, and not an older version of it.

    Args:
        receipt: the receipt of the last apply; None if there was none.
        place: the location of the state; empty if unknown.
        state: the state; empty if there is none.

    Raises:
        Refused: names the existing state, the applied state, and how to repair it.
    """
    lineage = receipt.details.get(LINEAGE) if receipt else None
    if receipt is None or not lineage:
        return
    where, known = place or receipt.details[PLACE], f"lineage {lineage}, serial {receipt.details[SERIAL]}"
    if not state:
        raise Refused(f"there is no state in {where}, but {receipt.id} left one ({known}): {_REMEDY}")
    if state["lineage"] != lineage:
        found = f"another one (lineage {state['lineage']}) than {receipt.id} left"
    elif state["serial"] < receipt.details[SERIAL]:
        found = f"older (serial {state['serial']}) than {receipt.id} left it"
    else:
        return
    raise Refused(f"the state in {where} is {found} ({known}): {_REMEDY}")


def refuse_shared(workspace: Workspace, place: str, elsewhere: Iterable[Receipt]) -> None:
    """Check that a state does not belong to another environment: each would replace the other's objects.

    Raises:
        Refused: names the unit and the environment that it belongs to.
    """
    others = {*workspace.environments} - {workspace.environment.name}
    for other in elsewhere:
        if place and other.details.get(PLACE) == place and other.target.environment in others:
            where = f"{other.target.unit} in {other.target.environment}"
            raise Refused(f"{workspace.target}: its state in {place} is that of {where}; give each its own")


_REMEDY = (
    "restore that version from the backend, or push what is there under that lineage with a higher serial "
    "(terraform state push -force)"
)


def warnings(receipt: Receipt | None, place: str, using: str) -> tuple[str, ...]:
    """Warn if the same state is now in another place, or another tool or version works on it."""
    if receipt is None:
        return ()
    told = []
    if place and receipt.details.get(PLACE) not in (None, "", place):
        told.append(f"the state was in {receipt.details[PLACE]}, and is in {place} now")
    if receipt.details.get(TOOL) not in (None, "", using):
        told.append(f"applied by {receipt.details[TOOL]} before, planned by {using} now")
    return tuple(told)
