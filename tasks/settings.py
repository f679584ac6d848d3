"""Every setting of the product, in one class, from FLOWMART_* environment variables.

Only these settings, and the variables that AWS, Terraform and Prefect read themselves (AWS_*, TF_*, PREFECT_*),
differ between the sandbox and a real platform.
"""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BeforeValidator, Field, PositiveInt, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tasks import masking, yaml12
from tasks.domain.errors import InvalidInput

_instead: ContextVar[str] = ContextVar("acting", default="")

Subject = Literal[
    "promotion-failed",
    "rollback",
    "rollback-failed",
    "approval-wanted",
    "drift",
    "drift-recovered",
    "rehearsal-failed",
]
"""The subjects of notifications."""

SUBJECTS: tuple[Subject, ...] = get_args(Subject)


def words(written: Any) -> Any:
    """Split a text at commas and spaces: "drift, rollback" -> ["drift", "rollback"].

    A value that is not a text is returned as it is.
    """
    return written.replace(",", " ").split() if isinstance(written, str) else written


def _numbers(written: Any) -> Any:
    """Parse "ansible=1, helm=2" as {"ansible": 1, "helm": 2}."""
    return dict(word.partition("=")[::2] for word in words(written)) if isinstance(written, str) else written


NO_CHARTS = "none"
"""The value of FLOWMART_CHARTS that disables chart repositories: releases then omit the units that need one."""


class Settings(BaseSettings):
    """Where things are, and how much may run at once."""

    model_config = SettingsConfigDict(env_prefix="FLOWMART_", extra="ignore")

    repository: Path = Field(
        Path(), description="Git repository that holds infrastructure/; the command looks for it from here upwards"
    )
    platform: str = Field(
        "",
        pattern=r"^([a-z][a-z0-9]*(-[a-z0-9]+)*)?$",
        description="The platform's name; default: what platform.yaml of the repository says",
    )
    store: str = Field(
        ".flowmart/store",
        description="Folder or s3://bucket/prefix of releases and ledger; each platform has its own part",
    )
    log: Literal["auto", "text", "json"] = Field(
        "auto", description="Events as text or JSON; auto: text on a terminal"
    )
    log_folder: str = Field("", description="Folder that keeps events as ECS documents, a file a process")
    parallelism: int = Field(4, ge=1, le=32, description="Units that are worked on at the same time")
    parallelism_of: Annotated[dict[str, PositiveInt], NoDecode, BeforeValidator(_numbers)] = Field(
        {},
        description="Engines and accounts of which fewer units are worked on at the same time: ansible=1, "
        "account:222222222222=2",
    )
    github_api: str = Field("https://api.github.com", description="GitHub's API; of GitHub Enterprise: .../api/v3")
    github_repository: str = Field(
        "",
        pattern=r"^([A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._-]+)?$",
        description="The platform's repository, owner/name; default: what platform.yaml of the repository says",
    )
    github_branch: str = Field(
        "", description="The branch that is delivered; default: what platform.yaml says, or the default branch"
    )
    github_token: SecretStr = Field(SecretStr(""), description="A token for GitHub, unless there is a GitHub App")
    github_app_id: str = Field("", description="Id of the GitHub App that reports")
    github_private_key: SecretStr = Field(SecretStr(""), description="The app's key, PEM, or the path of its file")
    notify: SecretStr = Field(
        SecretStr(""), description="Where notifications go: addresses as Apprise has them, by commas or spaces"
    )
    notify_on: Annotated[tuple[Subject, ...], NoDecode, BeforeValidator(words)] = Field(
        SUBJECTS, description="What people are notified of; default: everything. A failed rollback always notifies"
    )
    keep_variables: str = Field(
        "",
        description="More variables that tools inherit: names, or beginnings with *, by commas",
    )
    prometheus: str = Field(
        "",
        pattern=r"^(none|https?://.+)?$",
        description="Address of the Prometheus to ask instead of platform.yaml's, or none: analyses are omitted",
    )
    opensearch: str = Field(
        "",
        pattern=r"^(none|https?://.+)?$",
        description="Address of the OpenSearch or Elasticsearch to ask instead of platform.yaml's, or none: units of "
        "the engine elasticsearch and analyses of logs are omitted",
    )
    charts: str = Field(
        "",
        pattern=r"^(none|(https?|oci)://.+)?$",
        description="Address of the chart repository or registry to ask instead of those that Chart.yaml names, or "
        "none: releases are made without the units that need such charts",
    )
    wait: float = Field(0.0, ge=0, description="Seconds to wait for an environment that another run holds; 0: refuse")
    actor: str = Field("", description="Who acts, as the ledger records it; default: the operating system's user")

    @cached_property
    def platform_name(self) -> str:
        """Return the platform's name: FLOWMART_PLATFORM, or the name in the working tree's platform.yaml.

        Raises:
            InvalidInput: neither names a platform.
        """
        found = self.platform or _platform_in(self._manifest)
        if not found and self._manifest.with_suffix(".yml").is_file():
            raise InvalidInput(f"{self._manifest.with_suffix('.yml')}: is not read; rename it {self._manifest.name}")
        if not found:
            raise InvalidInput(
                f"{self._manifest}: names no platform; run in the repository, or set FLOWMART_PLATFORM"
            )
        return found

    @cached_property
    def platform_repository(self) -> str:
        """Return the platform's only repository on GitHub, owner/name; "" if none is configured."""
        return self.github_repository or _github_in(self._manifest).get("repository", "")

    @cached_property
    def delivered_branch(self) -> str:
        """Return the branch whose commits are delivered; "" for the repository's default branch."""
        return self.github_branch or _github_in(self._manifest).get("branch", "")

    @property
    def signs_in_to_github(self) -> bool:
        """Tell whether a GitHub App or a token for GitHub is configured."""
        return bool(self.github_app_id or self.github_token.get_secret_value())

    @property
    def _manifest(self) -> Path:
        return self.repository / "infrastructure" / "platform.yaml"

    @property
    def store_address(self) -> str:
        """Return the platform's own part of the store. A relative folder is resolved from the repository."""
        whole = self.store if "://" in self.store else str(self.repository / self.store)
        return f"{whole.rstrip('/')}/{self.platform_name}"

    @property
    def log_files(self) -> Path | None:
        """Return the folder for events, resolved from the repository; None if events are not kept."""
        return (self.repository / self.log_folder).absolute() if self.log_folder else None

    def executable(self, variable: str, default: str) -> str:
        """Return the tool that a variable names (FLOWMART_TERRAFORM), a path or a name on PATH; else `default`."""
        return os.environ.get(variable) or default

    @cached_property
    def acting(self) -> str:
        """Return the name that the ledger records."""
        return _instead.get() or self.actor or os.environ.get("GITHUB_ACTOR") or getpass.getuser()


_PLATFORM = re.compile(r"^platform:[ ]*([\"']?)([a-z0-9-]+)\1[ ]*(?:#.*)?$", re.MULTILINE)
"""Matches the usual spelling of the name, so that the rest, which may be long or wrong, need not be parsed."""

_NAME = re.compile(r"[a-z0-9-]+")


def _platform_in(file: Path) -> str:
    """Return the name in a platform.yaml, even if other parts are wrong; "" without one.

    Raises:
        InvalidInput: the file is not text, or the name is not valid.
    """
    text = _text_of(file)
    if found := _PLATFORM.search(text):
        return found[2]
    try:
        read = yaml12.load_text(text)
    except yaml.YAMLError:
        return ""
    name = read.get("platform", "") if isinstance(read, dict) else ""
    if name and not (isinstance(name, str) and _NAME.fullmatch(name)):
        raise InvalidInput(f"{file}: platform: {name!r} is not a name: use lowercase letters, digits and hyphens")
    return str(name)


def _text_of(file: Path) -> str:
    try:
        # Editors on Windows begin a file with a byte order mark.
        return file.read_text(encoding="utf-8-sig") if file.is_file() else ""
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file}: is not UTF-8 text (byte {error.start + 1}); save it as UTF-8") from error


def _github_in(file: Path) -> dict[str, str]:
    """Return the string values of the block `github` of a platform.yaml.

    Errors elsewhere in the file do not matter; empty without such a block.
    """
    try:
        found = yaml12.load_text(_text_of(file))
    except yaml.YAMLError:
        return {}
    github = found.get("github") if isinstance(found, dict) else None
    return {key: value for key, value in github.items() if isinstance(value, str)} if isinstance(github, dict) else {}


def load() -> Settings:
    """Read the settings from the environment.

    Raises:
        InvalidInput: a value is wrong; the message names its variable.
    """
    try:
        found = Settings()  # type: ignore[call-arg]
    except ValidationError as error:
        wrong = "; ".join(f"FLOWMART_{str(e['loc'][0]).upper()}={e['input']}: {e['msg']}" for e in error.errors())
        raise InvalidInput(f"settings: {wrong}") from error
    secrets = [each.get_secret_value() for _, each in found if isinstance(each, SecretStr)]
    masking.KNOWN.learn(
        word for secret in secrets for word in (secret, *secret.split()) if not secret.startswith("/")
    )
    return found


@contextmanager
def acting_as(name: str) -> Iterator[None]:
    """Record `name` in the ledger while the context lasts, instead of the user who started this process."""
    before = _instead.set(name)
    try:
        yield
    finally:
        _instead.reset(before)
