"""Find component templates that a unit's index templates name: in the unit, on the server, or missing."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.engines.elasticsearch import kinds
from tasks.engines.elasticsearch.addresses import COMPONENT, TEMPLATE, Address, Body
from tasks.engines.elasticsearch.notation import listed
from tasks.engines.elasticsearch.stack import Stack


def named(body: Body) -> list[str]:
    """Return the component templates that an index template requires, in their order."""
    optional = listed(body.get("ignore_missing_component_templates"))
    return [name for name in map(str, listed(body.get("composed_of"))) if name not in optional]


def missing(stack: Stack, wanted: Mapping[Address, Body]) -> tuple[str, ...]:
    """Return the index templates that cannot be planned before another unit has created a component template."""
    of_templates = [each for each in sorted(wanted) if each.kind == TEMPLATE]
    found = [(each, name) for each in of_templates for name in absent(stack, wanted, each)]
    return tuple(f"{address}, until {COMPONENT}/{name} is there" for address, name in found)


def absent(stack: Stack, wanted: Mapping[Address, Body], address: Address) -> list[str]:
    """Return the component templates of an index template that are neither in the unit nor on the server."""
    others = [name for name in named(wanted[address]) if Address(COMPONENT, name) not in wanted]
    return [name for name in others if kinds.read(stack, Address(COMPONENT, name)) is None]
