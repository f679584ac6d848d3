"""Identifies the one GitHub repository that belongs to a platform. No other repository counts.

The platform names it once (`github` in platform.yaml). GitHub returns its number and its current name. So a renamed
repository continues to work, and another one that took the old name is not accepted.
"""

from __future__ import annotations

from dataclasses import dataclass

from tasks.domain.errors import InvalidInput, Refused
from tasks.github.client import Client
from tasks.settings import Settings

_WANTED = (
    "name it in infrastructure/platform.yaml (github: {repository: owner/name}), or set FLOWMART_GITHUB_REPOSITORY"
)


@dataclass(frozen=True)
class Repository:
    """A repository. `name` is its current owner/name, `number` never changes, `branch` is the delivered one."""

    name: str
    number: int
    branch: str


@dataclass(frozen=True)
class OnGitHub:
    """A platform on GitHub, and the run that reports there; `run` and `address` are empty outside of a run."""

    client: Client
    repository: Repository
    platform: str
    run: str = ""
    address: str = ""

    @property
    def name(self) -> str:
        """Return the repository's owner/name."""
        return self.repository.name


def named(settings: Settings) -> str:
    """Return the repository that the platform names.

    Raises:
        InvalidInput: the platform names none.
    """
    if not settings.platform_repository:
        raise InvalidInput(f"{settings.platform_name}: has no repository on GitHub; {_WANTED}")
    return settings.platform_repository


def of_platform(client: Client, settings: Settings) -> Repository:
    """Ask GitHub for the platform's repository."""
    found = client.ask("GET", named(settings), "")
    branch = settings.delivered_branch or found["default_branch"]
    return Repository(str(found["full_name"]), int(found["id"]), str(branch))


def opened(client: Client, settings: Settings, asked: str) -> Repository:
    """Return the platform's repository, for a run about the repository `asked`.

    Raises:
        Refused: `asked` is another repository.
    """
    found = of_platform(client, settings)
    if asked.lower() not in {found.name.lower(), named(settings).lower()}:
        raise Refused(f"{asked}: is not the repository of platform {settings.platform_name}, which is {found.name}")
    return found
