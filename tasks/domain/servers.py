"""Defines the HTTP servers that a platform declares: their addresses, and how to authenticate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Secret:
    """The source of a secret that is read when needed: an environment variable or a file. One of them is empty."""

    variable: str = ""
    file: str = ""


@dataclass(frozen=True)
class Server:
    """The address and credentials of a server.

    Attributes:
        url: its address; a path in it is a prefix of the API's paths.
        username, password: for basic authentication.
        bearer: a token.
        api_key: an Elasticsearch API key, in the encoded form.
        sigv4: the AWS region to sign requests for; if empty, requests are not signed.
        service: the AWS service to sign requests for.
        ca, certificate, key: files for TLS; if empty, the system's trust store and no client certificate.
        headers: more headers, such as that of a tenant.
        parameters: more query parameters of every request.
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
