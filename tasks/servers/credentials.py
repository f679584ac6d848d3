"""Credentials of a server. They are read for each request and not stored."""

from __future__ import annotations

import hashlib
import os
import ssl
from collections.abc import Generator, Mapping
from pathlib import Path

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tasks import masking
from tasks.domain.errors import Unanswered
from tasks.domain.servers import Secret, Server


class Signed(httpx.Auth):
    """Signs every request with AWS's Signature Version 4."""

    requires_request_body = True

    def __init__(self, region: str, service: str, variables: Mapping[str, str]) -> None:
        self._region = region
        self._service = service
        self._variables = variables

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the headers of the signature."""
        kept = {name: request.headers[name] for name in ("content-type", "host") if name in request.headers}
        # OpenSearch Serverless requires this header; the others ignore it.
        kept["x-amz-content-sha256"] = hashlib.sha256(request.content).hexdigest()
        signed = AWSRequest(request.method, str(request.url), data=request.content, headers=kept)
        SigV4Auth(_credentials(self._variables), self._service, self._region).add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        yield request


def auth(server: Server, variables: Mapping[str, str]) -> httpx.Auth | None:
    """Return how requests are authenticated; None if no password or signature is needed.

    Args:
        server: says how to authenticate.
        variables: the AWS credentials of the role to sign with.

    Raises:
        Unanswered: the password is missing, so the server cannot be asked.
    """
    if server.password is not None:
        return httpx.BasicAuth(server.username, read(server.password))
    return Signed(server.sigv4, server.service, variables) if server.sigv4 else None


def headers(server: Server) -> dict[str, str]:
    """Return the headers of every request, with the token if there is one.

    Raises:
        Unanswered: the token is missing.
    """
    tokens = (("Bearer", server.bearer), ("ApiKey", server.api_key))
    found = [("Authorization", f"{scheme} {read(token)}") for scheme, token in tokens if token]
    return {**server.headers, **dict(found)}


def trust(server: Server) -> ssl.SSLContext:
    """Return the TLS context: the trusted authorities and the client's certificate.

    Raises:
        Unanswered: a file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=server.ca or None)
        if server.certificate:
            context.load_cert_chain(server.certificate, server.key or None)
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(filter(None, (server.ca, server.certificate, server.key)))
        raise Unanswered(f"the TLS files of {server.url} cannot be used ({files}): {error}") from error
    return context


def read(secret: Secret) -> str:
    """Read a secret and mask it from then on.

    Raises:
        Unanswered: the secret is missing, empty, or cannot be read.
    """
    if secret.variable:
        found = os.environ.get(secret.variable, "").strip()
        what = f"the environment variable {secret.variable}"
    else:
        what = f"the file {secret.file}"
        try:
            found = Path(secret.file).read_text().strip()
        except (OSError, UnicodeError) as error:
            raise Unanswered(f"a credential cannot be read from {what}: {error}") from error
    if not found:
        raise Unanswered(f"a credential is missing: {what} is empty; set it where promotions run")
    masking.KNOWN.learn([found])
    return found


def _credentials(variables: Mapping[str, str]) -> Credentials:
    known = {**os.environ, **variables}
    key, secret = known.get("AWS_ACCESS_KEY_ID", ""), known.get("AWS_SECRET_ACCESS_KEY", "")
    if not key or not secret:
        raise Unanswered("requests cannot be signed: there are no AWS credentials here")
    return Credentials(key, secret, known.get("AWS_SESSION_TOKEN") or None)
