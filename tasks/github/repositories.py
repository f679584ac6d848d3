"""The one repository that a platform is developed in, as GitHub has it now. Nothing from another one counts.

The platform names it once (`github` in platform.yaml). GitHub is asked for its number and its present name, so that a
repository that was renamed goes on working, and another one that took the old name does not get in by it.
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
    """`name` is owner/name as it is now, `number` stays whatever it is called, `branch` is what is delivered."""

    name: str
    number: int
    branch: str


@dataclass(frozen=True)
class OnGitHub:
    """A platform on GitHub, and the run that asks and reports there; `run` and `address` are empty outside of one."""

    client: Client
    repository: Repository
    platform: str
    run: str = ""
    address: str = ""

    @property
    def name(self) -> str:
        """The repository, owner/name."""
        return self.repository.name


def named(settings: Settings) -> str:
    """The repository that the platform names; `InvalidInput` where it names none."""
    if not settings.platform_repository:
        raise InvalidInput(f"{settings.platform_name}: has no repository on GitHub; {_WANTED}")
    return settings.platform_repository


def of_platform(client: Client, settings: Settings) -> Repository:
    """The platform's repository, as GitHub has it now."""
    found = client.ask("GET", named(settings), "")
    branch = settings.delivered_branch or found["default_branch"]
    return Repository(str(found["full_name"]), int(found["id"]), str(branch))


def opened(client: Client, settings: Settings, asked: str) -> Repository:
    """The platform's repository, for a run about the repository `asked`; `Refused` when that is another one."""
    found = of_platform(client, settings)
    if asked.lower() not in {found.name.lower(), named(settings).lower()}:
        raise Refused(f"{asked}: is not the repository of platform {settings.platform_name}, which is {found.name}")
    return found
