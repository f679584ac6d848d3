"""The platform on GitHub, for the flow run that we are in."""

from __future__ import annotations

from tasks import settings
from tasks.github import repositories
from tasks.github.client import connect
from tasks.github.repositories import OnGitHub
from tasks.steps.publishing import root_run_id, run_address


def on_github(asked: str) -> OnGitHub:
    """The platform on GitHub, for a run about the repository `asked`; `Refused` when that is another one's.

    What is shown there names the run that was started, not one within it: that is the one whose end is looked at.
    """
    chosen = settings.load()
    client = connect(chosen)
    found = repositories.opened(client, chosen, asked)
    run = root_run_id()
    return OnGitHub(client, found, chosen.platform_name, run, run_address(run))
