"""Connect the current flow run to the platform's repository on GitHub."""

from __future__ import annotations

from tasks import settings
from tasks.github import repositories
from tasks.github.client import connect
from tasks.github.repositories import OnGitHub
from tasks.steps.publishing import root_run_id, run_address


def on_github(asked: str) -> OnGitHub:
    """Return the platform on GitHub, for a run about the repository `asked`.

    Pages there link to the top-level run, because people check how that run ends, not one within it.

    Raises:
        Refused: the repository belongs to another platform.
    """
    chosen = settings.load()
    client = connect(chosen)
    found = repositories.opened(client, chosen, asked)
    run = root_run_id()
    return OnGitHub(client, found, chosen.platform_name, run, run_address(run))
