"""Every setting of the product, in one class, from FLOWMART_* environment variables.

What differs between the sandbox and a real platform is only here and in the variables that AWS, Terraform and
Prefect read themselves (AWS_*, TF_*, PREFECT_*).
"""

from __future__ import annotations

import getpass
import os
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tasks.errors import InvalidInput


class Settings(BaseSettings):
    """Where things are, and how much may run at once."""

    model_config = SettingsConfigDict(env_prefix="FLOWMART_", extra="ignore")

    repository: Path = Field(Path(), description="Git repository that holds infrastructure/")
    store: str = Field(".flowmart/store", description="Folder or s3://bucket/prefix of releases and ledger")
    log: Literal["auto", "text", "json"] = Field(
        "auto", description="Events as text or JSON; auto: text on a terminal"
    )
    parallelism: int = Field(4, ge=1, le=32, description="Units that are worked on at the same time")
    terraform: str = Field("terraform", description="The terraform executable, a path or a name on PATH")
    helm: str = Field("helm", description="The helm executable, version 3 or 4")
    kubectl: str = Field("kubectl", description="The kubectl executable; it renders kustomizations")
    packer: str = Field("packer", description="The packer executable, from 1.6 on")
    ansible: str = Field("ansible-playbook", description="The ansible-playbook executable")
    wait: float = Field(0.0, ge=0, description="Seconds to wait for an environment that another run holds; 0: refuse")
    actor: str = Field("", description="Who acts, as the ledger records it; default: the operating system's user")

    @property
    def store_address(self) -> str:
        """The store, with a relative folder taken from the repository, wherever the command is run."""
        return self.store if "://" in self.store else str(self.repository / self.store)

    @property
    def executables(self) -> dict[str, str]:
        """Engine -> its tool. Engines that talk to AWS themselves need none."""
        return {
            "terraform": self.terraform,
            "helm": self.helm,
            "kustomize": self.kubectl,
            "packer": self.packer,
            "ansible": self.ansible,
        }

    @cached_property
    def acting(self) -> str:
        """The name that the ledger records."""
        return self.actor or os.environ.get("GITHUB_ACTOR") or getpass.getuser()


def load() -> Settings:
    """The settings as the environment has them now; `InvalidInput` names the variable that is wrong."""
    try:
        return Settings()  # type: ignore[call-arg]
    except ValidationError as error:
        wrong = "; ".join(f"FLOWMART_{str(e['loc'][0]).upper()}={e['input']}: {e['msg']}" for e in error.errors())
        raise InvalidInput(f"settings: {wrong}") from error
