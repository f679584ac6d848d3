"""Carrying out a plan: write, remove, and roll data streams over once all else is done."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from urllib.parse import quote

from tasks.elasticsearch.answers import Rejected
from tasks.elasticsearch.client import Elasticsearch
from tasks.engines.elasticsearch import kinds
from tasks.engines.elasticsearch.addresses import STREAM, TEMPLATE, Address
from tasks.engines.elasticsearch.plans import Saved


@dataclass
class Application:
    """One apply in progress. `done` tells what it has changed."""

    client: Elasticsearch
    saved: Saved
    done: list[str] = field(default_factory=list)

    def carry_out(self) -> None:
        """Do what was planned.

        Raises:
            Rejected: the server says no.
            Unanswered: no answer.
        """
        for address in self.saved.written:
            kinds.write(self.client, address, self.saved.wanted[address])
            self.done.append(str(address))
        for address in self.saved.gone:
            self._remove(address)
            self.done.append(f"{address} (removed)")
        for stream in self.saved.streams:
            self.client.send("POST", f"/{quote(stream, safe='')}/_rollover")
            self.done.append(f"{STREAM}/{stream} (rolled over)")

    def _remove(self, address: Address) -> None:
        try:
            kinds.remove(self.client, address)
        except Rejected as error:
            if address.kind != TEMPLATE or "in use by" not in str(error):
                raise
            # OpenSearch refuses this though the data streams follow another template afterwards. Which one a stream
            # follows is changed first: that is refused as well if there is no other.
            kinds.write(self.client, address, {"index_patterns": [f"removed-{uuid.uuid4().hex}"], "data_stream": {}})
            kinds.remove(self.client, address)
