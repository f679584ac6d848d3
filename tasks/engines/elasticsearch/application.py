"""Carry out a plan: write, remove, and finally roll data streams over."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from urllib.parse import quote

from tasks.elasticsearch.answers import Rejected
from tasks.engines.elasticsearch import kinds, saved_objects, templates
from tasks.engines.elasticsearch.addresses import SAVED_OBJECT, STREAM, TEMPLATE, Address, Body
from tasks.engines.elasticsearch.plans import Saved
from tasks.engines.elasticsearch.stack import Stack


@dataclass
class Application:
    """One apply in progress; `done` lists what it has changed so far."""

    stack: Stack
    saved: Saved
    done: list[str] = field(default_factory=list)

    def carry_out(self) -> None:
        """Do what was planned.

        Raises:
            Rejected: the server rejects a request.
            Unanswered: the server does not respond.
        """
        for address in self.saved.written:
            if address.kind != SAVED_OBJECT:
                kinds.write(self.stack.search, address, self._first(address))
                self.done.append(str(address))
        self._import()
        for address in self.saved.gone:
            self._remove(address)
            self.done.append(f"{address} (removed)")
        for address in self.saved.displacing:
            kinds.write(self.stack.search, address, self.saved.wanted[address])
        for stream in self.saved.streams:
            self.stack.search.send("POST", f"/{quote(stream, safe='')}/_rollover")
            self.done.append(f"{STREAM}/{stream} (rolled over)")

    def _first(self, address: Address) -> Body:
        """Return the body to write first: with a higher priority while the template that it replaces still exists."""
        body = self.saved.wanted[address]
        return {**body, "priority": templates.FIRST} if address in self.saved.displacing else body

    def _import(self) -> None:
        """Import saved objects together, because they refer to each other."""
        written = {each: self.saved.wanted[each] for each in self.saved.written if each.kind == SAVED_OBJECT}
        if not written:
            return
        order = saved_objects.in_order(written)
        self.stack.saved_objects(order[0]).imported(saved_objects.sent(written[each]) for each in order)
        self.done += map(str, order)

    def _remove(self, address: Address) -> None:
        try:
            kinds.remove(self.stack, address)
        except Rejected as error:
            if address.kind != TEMPLATE or "in use by" not in str(error):
                raise
            # OpenSearch refuses the removal although the data streams follow another template afterwards. So the
            # template is first rewritten not to match any stream; that is refused too if no other template matches.
            kinds.write(
                self.stack.search, address, {"index_patterns": [f"removed-{uuid.uuid4().hex}"], "data_stream": {}}
            )
            kinds.remove(self.stack, address)
