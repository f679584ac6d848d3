"""What may be written in `logging`, for the platform and for each environment: the shape of every key."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tasks.manifest.declared.servers import Address, DeclaredAuth, DeclaredSecret, DeclaredSigV4, DeclaredTls
from tasks.manifest.notation import ADDRESS, Declared, Text


class DeclaredElasticsearchSigV4(DeclaredSigV4):
    """Requests signed with AWS's Signature Version 4, by the environment's role for the purpose."""

    service: Literal["es", "aoss"] = Field(default="es", description="The AWS service; aoss: OpenSearch Serverless.")


class DeclaredElasticsearchAuth(DeclaredAuth):
    """How requests are authenticated: one way, or none."""

    WAYS: ClassVar[tuple[str, ...]] = ("api_key", "basic", "bearer", "sigv4")

    api_key: DeclaredSecret | None = Field(default=None, description="Where an encoded API key is.")
    sigv4: DeclaredElasticsearchSigV4 | None = Field(default=None, description="Signed for Amazon's OpenSearch.")


class DeclaredElasticsearch(Declared):
    """How an Elasticsearch or an OpenSearch is reached. All texts may contain {environment}."""

    url: Address | None = Field(default=None, description="Its address; a path in it comes before the API's.")
    auth: DeclaredElasticsearchAuth | None = Field(default=None, description="How requests are authenticated.")
    write_auth: DeclaredElasticsearchAuth | None = Field(
        default=None, description="How requests that change something are authenticated; None: as all others."
    )
    tls: DeclaredTls | None = Field(default=None, description="Files for TLS.")
    headers: dict[Text, Text] = Field(default_factory=dict, description="More headers, no secrets.")


class DeclaredDashboards(DeclaredElasticsearch):
    """How a Kibana or an OpenSearch Dashboards is reached. All texts may contain {environment}."""


class DeclaredLogging(Declared):
    """Where logs are kept."""

    elasticsearch: DeclaredElasticsearch | None = Field(
        default=None, description="The Elasticsearch or the OpenSearch."
    )
    dashboards: DeclaredDashboards | None = Field(
        default=None, description="The Kibana or the OpenSearch Dashboards; a path in its url is that of a space."
    )
    link: Annotated[str, Field(pattern=ADDRESS)] | None = Field(
        default=None, description="Page with the lines of {trace} (a run), {claim} or {release} of FlowMart's log."
    )
