"""The receiver's settings: its FLOWMART_GITHUB_* variables, parsed once at start.

They are separate from the product's settings for two reasons. The receiver may run where nothing else of the product
is configured, and its secret should be known to it alone.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tasks.domain.errors import InvalidInput

PREFIX = "FLOWMART_GITHUB_"
_SHORTEST_SECRET = 16
_ROTATED = 2

_WANTED = {
    "webhook_secret": "the secret of the webhook, the same as in its form at GitHub; while it is being rotated two, "
    "separated by a comma",
}


class ReceiverSettings(BaseSettings):
    """Secrets, where deliveries are kept, and how often GitHub is asked for missed ones.

    Which repository is the platform's, and as whom GitHub is asked, are the product's settings.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", hide_input_in_errors=True)

    webhook_secret: SecretStr = Field(description="The webhook's secret; two while it is rotated")
    inbox: Path = Field(Path(".flowmart/inbox.sqlite"), description="Where deliveries are kept")
    body_limit: int = Field(25 * 1024 * 1024, ge=1024, description="Bytes; GitHub sends no payload above 25 MB")
    retention_days: int = Field(30, ge=4, description="GitHub offers to send again for three days")
    url: str = Field("", description="The webhook's public address as GitHub has it, to know our hook by")
    sweep_seconds: int = Field(300, ge=30, description="How often GitHub is asked for what was missed")

    @field_validator("webhook_secret")
    @classmethod
    def _guessing_is_hopeless(cls, value: SecretStr) -> SecretStr:
        secrets = _listed(value.get_secret_value())
        if not 1 <= len(secrets) <= _ROTATED:
            raise ValueError("one secret, or two while it is rotated")
        if any(len(secret) < _SHORTEST_SECRET for secret in secrets):
            raise ValueError(f"shorter than {_SHORTEST_SECRET} characters can be guessed")
        return value

    @cached_property
    def secrets(self) -> tuple[bytes, ...]:
        """The secrets that a delivery may be signed with."""
        return tuple(secret.encode() for secret in _listed(self.webhook_secret.get_secret_value()))

    @property
    def inbox_file(self) -> Path:
        """The inbox; a relative path starts at the repository, as the store's does."""
        return inbox_file(self.inbox)


def load() -> ReceiverSettings:
    """Read the settings from the environment.

    Raises:
        InvalidInput: a variable is missing or invalid; the message names it.
    """
    try:
        return ReceiverSettings()  # type: ignore[call-arg]
    except ValidationError as error:
        wrong = "\n".join(_explained(str(e["loc"][0]), e["type"], e["msg"]) for e in error.errors())
        raise InvalidInput(f"GitHub receiver: {wrong}") from None


def inbox_file(path: Path | None = None) -> Path:
    """Return the path of the inbox, also for readers that have no secret."""
    asked = path or Path(os.environ.get(f"{PREFIX}INBOX") or ".flowmart/inbox.sqlite")
    return Path(os.environ.get("FLOWMART_REPOSITORY", "")) / asked


def _explained(name: str, kind: str, message: str) -> str:
    variable = f"{PREFIX}{name.upper()}"
    if kind == "missing":
        return f"{variable} is not set: {_WANTED[name]}"
    return f"{variable}: {message.removeprefix('Value error, ')}"


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
