"""Credentials of a Prometheus: read when a request is made, and kept nowhere."""

from __future__ import annotations

import os
import ssl
from collections.abc import Generator, Mapping
from pathlib import Path

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tasks.domain.errors import Unanswered
from tasks.domain.monitoring import PrometheusServer, Secret

_SERVICE = "aps"
"""Amazon Managed Service for Prometheus, as requests are signed for it."""


class Signed(httpx.Auth):
    """Signs every request with AWS's Signature Version 4."""

    requires_request_body = True

    def __init__(self, region: str, variables: Mapping[str, str]) -> None:
        self._region = region
        self._variables = variables

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the headers of the signature."""
        kept = {name: request.headers[name] for name in ("content-type", "host") if name in request.headers}
        signed = AWSRequest(request.method, str(request.url), data=request.content, headers=kept)
        SigV4Auth(_credentials(self._variables), _SERVICE, self._region).add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        yield request


def auth(server: PrometheusServer, variables: Mapping[str, str]) -> httpx.Auth | None:
    """How requests are authenticated. `variables` hold the AWS credentials of the role that only reads.

    Raises:
        Unanswered: a secret is not where it should be, so the server cannot be asked.
    """
    if server.password is not None:
        return httpx.BasicAuth(server.username, read(server.password))
    return Signed(server.sigv4, variables) if server.sigv4 else None


def headers(server: PrometheusServer) -> dict[str, str]:
    """The headers of every request."""
    bearer = {"Authorization": f"Bearer {read(server.bearer)}"} if server.bearer else {}
    return {**server.headers, **bearer}


def trust(server: PrometheusServer) -> ssl.SSLContext:
    """Whom to trust, and the certificate that we show."""
    try:
        context = ssl.create_default_context(cafile=server.ca or None)
        if server.certificate:
            context.load_cert_chain(server.certificate, server.key or None)
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(filter(None, (server.ca, server.certificate, server.key)))
        raise Unanswered(f"the TLS files of {server.url} cannot be used ({files}): {error}") from error
    return context


def read(secret: Secret) -> str:
    """The secret itself."""
    if secret.variable:
        found = os.environ.get(secret.variable, "")
        what = f"the environment variable {secret.variable}"
    else:
        what = f"the file {secret.file}"
        try:
            found = Path(secret.file).read_text().strip()
        except (OSError, UnicodeError) as error:
            raise Unanswered(f"a credential of Prometheus cannot be read from {what}: {error}") from error
    if not found:
        raise Unanswered(f"a credential of Prometheus is missing: {what} is empty; set it where promotions run")
    return found


def _credentials(variables: Mapping[str, str]) -> Credentials:
    known = {**os.environ, **variables}
    key, secret = known.get("AWS_ACCESS_KEY_ID", ""), known.get("AWS_SECRET_ACCESS_KEY", "")
    if not key or not secret:
        raise Unanswered("requests to Prometheus cannot be signed: there are no AWS credentials here")
    return Credentials(key, secret, known.get("AWS_SESSION_TOKEN") or None)
