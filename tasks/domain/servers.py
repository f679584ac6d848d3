"""Servers with an API over HTTP that a platform declares: where they are, and how to authenticate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Secret:
    """Where a secret is read when it is needed: the environment variable or the file of that name. One is empty."""

    variable: str = ""
    file: str = ""


@dataclass(frozen=True)
class Server:
    """How a server is reached.

    Attributes:
        url: its address; a path in it comes before the paths of the API.
        username, password: for basic authentication.
        bearer: a token.
        api_key: a key of Elasticsearch, in the encoded form.
        sigv4: the AWS region to sign requests for; empty: unsigned.
        service: the AWS service to sign requests for.
        ca, certificate, key: files for TLS; empty: the system's trust store, no client certificate.
        headers: more headers, such as that of a tenant.
        parameters: more parameters of every request.
    """

    url: str
    username: str = ""
    password: Secret | None = None
    bearer: Secret | None = None
    api_key: Secret | None = None
    sigv4: str = ""
    service: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
