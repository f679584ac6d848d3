"""Where an environment's metrics are asked for: a Prometheus, or another server of its API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Secret:
    """Where a secret is read when it is needed: the environment variable or the file of that name. One is empty."""

    variable: str = ""
    file: str = ""


@dataclass(frozen=True)
class PrometheusServer:
    """How the Prometheus of an environment is reached.

    Attributes:
        url: its address; a path in it comes before the paths of the API.
        username, password: for basic authentication.
        bearer: a token.
        sigv4: the AWS region to sign requests for (Amazon Managed Service for Prometheus); empty: unsigned.
        ca, certificate, key: files for TLS; empty: the system's trust store, no client certificate.
        headers: more headers, such as that of a tenant.
        parameters: more parameters of every request.
    """

    url: str
    username: str = ""
    password: Secret | None = None
    bearer: Secret | None = None
    sigv4: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
