"""What is there against what is wanted, object by object.

Every server has defaults and notations of its own, so a form that we do not know may differ after an apply though
nobody touched anything. What was written and what the server made of it is recorded with the apply (`records`): while
both are what they were, nothing differs.
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
    """What is wanted and what is there, of the objects that a unit has and of those that go."""

    wanted: Mapping[Address, Body]
    live: Live
    records: Records = field(default_factory=dict)

    @property
    def differing(self) -> tuple[Address, ...]:
        """The objects to create or change, in the order in which they are applied."""
        return tuple(each for each in ordered(self.wanted) if self._differs(each))

    @property
    def going(self) -> tuple[Address, ...]:
        """The objects to remove, in the order in which that is done."""
        there = [each for each in self.live if each not in self.wanted and self.live[each] is not None]
        return tuple(reversed(ordered(there)))

    @property
    def changes(self) -> tuple[Change, ...]:
        """What differs, and what goes."""
        return (*map(self._written, self.differing), *map(self._removed, self.going))

    @property
    def basis(self) -> str:
        """A digest over all that is there."""
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
    """The objects as they are there; None for those that are not."""
    return {address: kinds.read(stack, address) for address in addresses}


def basis(found: Live) -> str:
    """A digest over objects as they are there."""
    return digest_of({str(each): None if body is None else form(each.kind, body) for each, body in found.items()})


def recorded(wanted: Mapping[Address, Body], found: Live) -> dict[str, list[str]]:
    """The record of an apply: what was written, and what the server made of it."""
    return {
        str(address): [digest_of(form(address.kind, body)), digest_of(form(address.kind, there))]
        for address, body in wanted.items()
        if (there := found.get(address)) is not None
    }


def records(receipt: Receipt | None) -> Records:
    """The record of the unit's last apply."""
    kept = receipt.details.get("records", {}) if receipt else {}
    return {name: (pair[0], pair[1]) for name, pair in kept.items()}


def listed(receipt: Receipt | None) -> frozenset[Address]:
    """The objects that a receipt lists."""
    return frozenset(map(parsed, receipt.outputs.get("objects", ()))) if receipt else frozenset()
