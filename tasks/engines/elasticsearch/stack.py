"""The servers of a unit's objects: the search server, and Kibana or OpenSearch Dashboards."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.domain.errors import InvalidInput
from tasks.elasticsearch.client import Elasticsearch
from tasks.elasticsearch.dashboards import Dashboards
from tasks.engines.elasticsearch.addresses import Address


@dataclass(frozen=True)
class Stack:
    """Clients of both servers; `dashboards` is None if none is declared."""

    search: Elasticsearch
    dashboards: Dashboards | None = None

    def saved_objects(self, address: Address) -> Dashboards:
        """Return the server of a saved object; raises `InvalidInput` if none is declared."""
        if self.dashboards is None:
            told = "add `logging.dashboards` to platform.yaml, or name saved-objects in `optional`"
            raise InvalidInput(f"{address}: the environment has no Kibana or OpenSearch Dashboards; {told}")
        return self.dashboards
