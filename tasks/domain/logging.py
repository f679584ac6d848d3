"""Defines where an environment's logs are kept, and which server shows them."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.domain.servers import Server


@dataclass(frozen=True)
class ElasticsearchServer(Server):
    """The Elasticsearch or OpenSearch of an environment.

    Attributes:
        service: the AWS service to sign requests for.
        writer: the server with the credentials for changes; None if they are the same as for reading.
    """

    service: str = "es"
    writer: Server | None = None

    @property
    def writing(self) -> Server:
        """Return the server with the credentials for changes."""
        return self.writer or self


@dataclass(frozen=True)
class DashboardsServer(ElasticsearchServer):
    """The Kibana or OpenSearch Dashboards of an environment."""
