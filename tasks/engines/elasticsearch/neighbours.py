"""Check other units of this engine in the environment, because an object has one owner."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tasks.domain.errors import InvalidInput
from tasks.engines.base import Workspace
from tasks.engines.elasticsearch import sources
from tasks.engines.elasticsearch.addresses import Address
from tasks.engines.elasticsearch.options import ElasticsearchOptions


def owner(workspace: Workspace, address: Address) -> str:
    """Return the other unit that has the object; "" if none has."""
    return next((name for name, theirs in _units(workspace) if address in theirs), "")


def refuse_shared(workspace: Workspace, wanted: Collection[Address]) -> None:
    """Raise `InvalidInput` if another unit has one of the objects: each would undo what the other applies."""
    for name, theirs in _units(workspace):
        if both := sorted(theirs & set(wanted)):
            raise InvalidInput(f"{workspace.unit.name}: {both[0]} is in unit {name} too; keep it in one of them")


def _units(workspace: Workspace) -> Iterator[tuple[str, frozenset[Address]]]:
    for unit in workspace.neighbours():
        if unit.engine == "elasticsearch":
            options = ElasticsearchOptions.model_validate(unit.options)
            there = sources.loaded(workspace.infrastructure, unit.source, options, unit.inputs)
            yield unit.name, frozenset(there.objects)
