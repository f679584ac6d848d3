"""The server's settings, and the paths of its files below the project's `.flowmart`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from deployments import processes
from deployments.server_parts import PARTS, PartName
from tasks.settings import Settings, words


class ServerSettings(BaseSettings):
    """FLOWMART_SERVER_* and the receiver's secret: only `flowmart server` reads them."""

    model_config = SettingsConfigDict(env_prefix="FLOWMART_SERVER_", extra="ignore")

    database: SecretStr = Field(SecretStr(""), description="postgresql://... ; empty: SQLite below .flowmart/server")
    port: int = Field(4200, ge=0, le=65535, description="Where it listens on 127.0.0.1, if that is free")
    url: str = Field("", description="The address that browsers reach it by, behind a proxy")
    pool: str = Field("", description="The work pool whose runs the worker takes; default: the platform's own")
    limit: int = Field(8, ge=1, description="Runs that the worker has going at once")
    parts: Annotated[tuple[PartName, ...], NoDecode, BeforeValidator(words)] = Field(
        PARTS, description="What runs on this machine, by commas; default: everything that is configured"
    )
    metrics_port: int = Field(
        0, ge=0, le=65535, description="Where metrics of the delivery are served on 127.0.0.1; 0: nowhere"
    )
    webhook_secret: SecretStr = Field(
        SecretStr(""),
        validation_alias="FLOWMART_GITHUB_WEBHOOK_SECRET",
        description="The webhook's secret; without one the server starts no receiver",
    )


@dataclass(frozen=True)
class ServerLayout(processes.ProcessLayout):
    """The server's paths for the project folder `root`; with `sandbox`, those of the server for its sandbox."""

    root: Path
    sandbox: bool

    @property
    def platform(self) -> str:
        """The platform's name, also used for the work pool, the deployments and their tags."""
        return Settings(repository=self.root).platform_name  # type: ignore[call-arg]

    @property
    def folder(self) -> Path:
        """The folder that holds all files of the server."""
        return self.root / ".flowmart" / ("sandbox/serving" if self.sandbox else "server")

    @property
    def profile(self) -> Path:
        """The variables that point the product's commands to this server; exists while the server is up."""
        return self.root / ".flowmart" / "server.env"

    @property
    def lock(self) -> Path:
        """The lock file that is held while the server starts or stops."""
        return self.folder / "lock"

    @property
    def password(self) -> Path:
        """The file with `user:password` of the UI and the API; only its owner may read it."""
        return self.folder / "password"

    @property
    def prefect_home(self) -> Path:
        """PREFECT_HOME of the server and the worker."""
        return self.folder / "prefect"

    @property
    def registered(self) -> Path:
        """The file to which the registrar writes its process id once everything is registered."""
        return self.folder / "registered"
