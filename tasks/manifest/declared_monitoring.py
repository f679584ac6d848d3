"""What may be written in `monitoring`, for the platform and for each environment: the shape of every key."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from tasks.manifest.notation import ADDRESS, REGION, Declared, Text


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
    """Requests signed with AWS's Signature Version 4, by the environment's role that only reads."""

    region: Annotated[str, Field(pattern=REGION)] = Field(description="The AWS region of the workspace.")


class DeclaredAuth(Declared):
    """How requests are authenticated: one way, or none."""

    basic: DeclaredBasic | None = Field(default=None, description="A name and a password.")
    bearer: DeclaredSecret | None = Field(default=None, description="Where a token is.")
    sigv4: DeclaredSigV4 | None = Field(default=None, description="Signed for Amazon's Prometheus.")

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        ways = [name for name in ("basic", "bearer", "sigv4") if getattr(self, name) is not None]
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


class DeclaredPrometheus(Declared):
    """How a Prometheus, or another server of its API, is reached. All texts may contain {environment}."""

    url: Annotated[str, Field(pattern=ADDRESS)] | None = Field(
        default=None, description="Its address; a path in it comes before /api/v1."
    )
    auth: DeclaredAuth | None = Field(default=None, description="How requests are authenticated.")
    tls: DeclaredTls | None = Field(default=None, description="Files for TLS.")
    headers: dict[Text, Text] = Field(default_factory=dict, description="More headers, no secrets: a tenant's.")
    parameters: dict[Text, Text] = Field(default_factory=dict, description="More parameters of every request.")


class DeclaredMonitoring(Declared):
    """Where metrics are asked for."""

    prometheus: DeclaredPrometheus = Field(description="The Prometheus.")
