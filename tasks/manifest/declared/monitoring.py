"""What may be written in `monitoring`, for the platform and for each environment: the shape of every key."""

from __future__ import annotations

from pydantic import Field

from tasks.manifest.declared.servers import Address, DeclaredAuth, DeclaredTls
from tasks.manifest.notation import Declared, Text


class DeclaredPrometheus(Declared):
    """How a Prometheus, or another server of its API, is reached. All texts may contain {environment}."""

    url: Address | None = Field(default=None, description="Its address; a path in it comes before /api/v1.")
    auth: DeclaredAuth | None = Field(default=None, description="How requests are authenticated.")
    tls: DeclaredTls | None = Field(default=None, description="Files for TLS.")
    headers: dict[Text, Text] = Field(default_factory=dict, description="More headers, no secrets: a tenant's.")
    parameters: dict[Text, Text] = Field(default_factory=dict, description="More parameters of every request.")


class DeclaredMonitoring(Declared):
    """Where metrics are asked for."""

    prometheus: DeclaredPrometheus = Field(description="The Prometheus.")
