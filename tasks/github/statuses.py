"""Commit statuses: one line per environment at a commit, which branch protection can ask for."""

from __future__ import annotations

from typing import Literal

from tasks.domain.outcome import Outcome
from tasks.github import text
from tasks.github.client import Client

State = Literal["pending", "success", "failure", "error"]

OF: dict[Outcome, State] = {Outcome.SUCCEEDED: "success", Outcome.FAILED: "failure", Outcome.UNANSWERED: "error"}
"""GitHub makes the same distinction: `failure` is a rejection, `error` is no answer."""

LONGEST = 140
"""Characters of a description."""


def context(platform: str, about: str) -> str:
    """What a status is called, and branch protection asks for: "shop/dev"."""
    return f"{platform}/{about}"


def tell(client: Client, repository: str, sha: str, context: str, state: State, description: str, url: str) -> None:
    """Set a status of a commit. `url`: where it says more; may be empty."""
    body = {
        "state": state,
        "context": context,
        "description": text.line(description, LONGEST),
        **({"target_url": url} if url else {}),
    }
    client.ask("POST", repository, f"/statuses/{sha}", body)
