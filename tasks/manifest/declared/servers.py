"""What may be written of a server with an API over HTTP: its credentials and its TLS."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from tasks.manifest.notation import ADDRESS, REGION, Declared, Text


def _named(address: str) -> str:
    """Check that requests can be sent below an address."""
    parts = urlsplit(address)
    if parts.query or parts.fragment:
        raise ValueError("has a query or a fragment: write the address alone, such as https://prometheus.example")
    wrong = "has a host or a port that cannot be: write https://prometheus.example:9090"
    if not parts.hostname:
        raise ValueError(wrong)
    try:
        parts.hostname.encode("idna")
        _ = parts.port
    except ValueError as error:
        raise ValueError(wrong) from error
    return address


Address = Annotated[str, Field(pattern=ADDRESS), AfterValidator(_named)]


class DeclaredSecret(Declared):
    """Where a secret is read when it is needed: exactly one of both."""

    variable: Text | None = Field(default=None, description="Name of an environment variable.")
    file: Text | None = Field(default=None, description="Path of a file.")

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.variable is None) == (self.file is None):
            raise ValueError("needs exactly one of variable and file")
        return self


class DeclaredBasic(Declared):
    """Basic authentication."""

    username: Text = Field(description="The name.")
    password: DeclaredSecret = Field(description="Where the password is: {variable: NAME} or {file: PATH}.")


class DeclaredSigV4(Declared):
    """Requests signed with AWS's Signature Version 4, by the environment's role for the purpose."""

    region: Annotated[str, Field(pattern=REGION)] = Field(description="The AWS region of the server.")


class DeclaredAuth(Declared):
    """How requests are authenticated: one way, or none."""

    WAYS: ClassVar[tuple[str, ...]] = ("basic", "bearer", "sigv4")

    basic: DeclaredBasic | None = Field(default=None, description="A name and a password.")
    bearer: DeclaredSecret | None = Field(default=None, description="Where a token is.")
    sigv4: DeclaredSigV4 | None = Field(default=None, description="Signed for Amazon's server of this kind.")

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        ways = [name for name in self.WAYS if getattr(self, name) is not None]
        if len(ways) > 1:
            raise ValueError(f"has {' and '.join(ways)}: requests are authenticated in one way")
        return self


class DeclaredTls(Declared):
    """Files for TLS, as paths on the machine that promotes."""

    ca: Text | None = Field(default=None, description="Certificates to trust, PEM.")
    certificate: Text | None = Field(default=None, description="The client certificate, PEM.")
    key: Text | None = Field(default=None, description="Its key, PEM.")

    @model_validator(mode="after")
    def _has_both(self) -> Self:
        if self.key is not None and self.certificate is None:
            raise ValueError("has a key and no certificate: add `certificate`")
        return self
