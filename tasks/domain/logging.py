"""Where an environment's logs are kept, and who shows them."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.domain.servers import Server


@dataclass(frozen=True)
class ElasticsearchServer(Server):
    """The Elasticsearch or OpenSearch of an environment.

    Attributes:
        writer: how it is reached for changes; None: as for reading.
    """

    service: str = "es"
    writer: Server | None = None

    @property
    def writing(self) -> Server:
        """How it is reached for changes."""
        return self.writer or self


@dataclass(frozen=True)
class DashboardsServer(ElasticsearchServer):
    """The Kibana or the OpenSearch Dashboards of an environment."""
