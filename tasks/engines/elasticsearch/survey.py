"""Compare the wanted objects with the existing ones, object by object.

Every server has its own defaults and notations, so an unknown form may differ after an apply although nobody changed
anything. An apply therefore records what was written, and what the server made of it (`records`). While neither has
changed, nothing differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tasks.domain.plan import Action, Change
from tasks.domain.release import Receipt
from tasks.domain.values import digest_of
from tasks.engines.elasticsearch import kinds, shown
from tasks.engines.elasticsearch.addresses import Address, Body, ordered, parsed
from tasks.engines.elasticsearch.forms import form
from tasks.engines.elasticsearch.stack import Stack

Live = Mapping[Address, Body | None]
Records = Mapping[str, tuple[str, str]]
"""{address: digests of what was written, and of what the server made of it}."""


@dataclass(frozen=True)
class Survey:
    """The wanted and the existing objects, of those that a unit has and those to remove."""

    wanted: Mapping[Address, Body]
    live: Live
    records: Records = field(default_factory=dict)

    @property
    def differing(self) -> tuple[Address, ...]:
        """The objects to create or change, in the order in which they are applied."""
        return tuple(each for each in ordered(self.wanted) if self._differs(each))

    @property
    def going(self) -> tuple[Address, ...]:
        """The objects to remove, in the order in which they are removed."""
        there = [each for each in self.live if each not in self.wanted and self.live[each] is not None]
        return tuple(reversed(ordered(there)))

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes: objects to create, change or remove."""
        return (*map(self._written, self.differing), *map(self._removed, self.going))

    @property
    def basis(self) -> str:
        """A digest of all existing objects."""
        return basis(self.live)

    def _differs(self, address: Address) -> bool:
        there = self.live[address]
        if there is None:
            return True
        wanted, found = form(address.kind, self.wanted[address]), form(address.kind, there)
        return wanted != found and tuple(self.records.get(str(address), ())) != (digest_of(wanted), digest_of(found))

    def _written(self, address: Address) -> Change:
        there = self.live[address]
        wanted = self.wanted[address]
        if there is None:
            return Change(str(address), address.kind, Action.CREATE, None, shown.shown(address.kind, wanted))
        return Change(str(address), address.kind, Action.UPDATE, *shown.change(address.kind, there, wanted))

    def _removed(self, address: Address) -> Change:
        there = self.live[address]
        return Change(str(address), address.kind, Action.DELETE, shown.shown(address.kind, there or {}), None)


def live(stack: Stack, addresses: Iterable[Address]) -> Live:
    """Return {address: the existing object, or None}."""
    return {address: kinds.read(stack, address) for address in addresses}


def basis(found: Live) -> str:
    """Return a digest of objects as they exist."""
    return digest_of({str(each): None if body is None else form(each.kind, body) for each, body in found.items()})


def recorded(wanted: Mapping[Address, Body], found: Live) -> dict[str, list[str]]:
    """Return the record of an apply: {address: digests of what was written, and of what the server made of it}."""
    return {
        str(address): [digest_of(form(address.kind, body)), digest_of(form(address.kind, there))]
        for address, body in wanted.items()
        if (there := found.get(address)) is not None
    }


def records(receipt: Receipt | None) -> Records:
    """Return the record of the unit's last apply; empty without one."""
    kept = receipt.details.get("records", {}) if receipt else {}
    return {name: (pair[0], pair[1]) for name, pair in kept.items()}


def listed(receipt: Receipt | None) -> frozenset[Address]:
    """Return the objects that a receipt lists; empty without one."""
    return frozenset(map(parsed, receipt.outputs.get("objects", ()))) if receipt else frozenset()
