"""The platform on GitHub, for the flow run that we are in."""

from __future__ import annotations

from tasks import settings
from tasks.github import repositories
from tasks.github.client import connect
from tasks.github.repositories import OnGitHub
from tasks.steps.publishing import run_address, run_id


def on_github(asked: str) -> OnGitHub:
    """The platform on GitHub, for a run about the repository `asked`; `Refused` when that is another one's."""
    chosen = settings.load()
    client = connect(chosen)
    found = repositories.opened(client, chosen, asked)
    return OnGitHub(client, found, chosen.platform_name, run_id(), run_address())
