"""By what a state is recognised: where it is, its lineage and serial. It stands in the receipt of every apply.

A state of another lineage is not the one that was applied: planned from it, everything would be created again.
Source: Terraform's state has a `lineage`, made once with the state, and a `serial` that every write raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from tasks.domain.errors import Refused
from tasks.domain.release import Receipt
from tasks.engines.base import Workspace

PLACE, WORKSPACE, LINEAGE, SERIAL, TOOL = "state", "workspace", "lineage", "serial", "tool"
"""The names of the receipt's details."""


def details(place: str, workspace: str, state: Mapping[str, Any], executable: str) -> dict[str, Any]:
    """What a receipt keeps. `tool` is what wrote the state last: "terraform 1.11.4"."""
    found = {PLACE: place, WORKSPACE: workspace, LINEAGE: state.get("lineage", ""), SERIAL: state.get("serial", 0)}
    return {**found, TOOL: tool(executable, state)}


def tool(executable: str, document: Mapping[str, Any]) -> str:
    """What wrote a state or a plan: "terraform 1.11.4"."""
    return f"{PurePath(executable).name} {document.get('terraform_version', '')}".strip()


def refuse_another(receipt: Receipt | None, place: str, state: Mapping[str, Any]) -> None:
    """Refuse a state that is not the one of the last apply, or an older version of it.

    Raises:
        Refused: says what is there, what was applied, and how to put it right.
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
    """Refuse a state that is another environment's: one of them would replace what the other has.

    Raises:
        Refused: says whose it is.
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
    """What is different from the last apply, though it is the same state: where it is, what works on it."""
    if receipt is None:
        return ()
    told = []
    if place and receipt.details.get(PLACE) not in (None, "", place):
        told.append(f"the state was in {receipt.details[PLACE]}, and is in {place} now")
    if receipt.details.get(TOOL) not in (None, "", using):
        told.append(f"applied by {receipt.details[TOOL]} before, planned by {using} now")
    return tuple(told)
