"""Commit statuses: one for each environment, which branch protection can require."""

from __future__ import annotations

from typing import Literal

from tasks.domain.outcome import Outcome
from tasks.github import text
from tasks.github.client import Client

State = Literal["pending", "success", "failure", "error"]

OF: dict[Outcome, State] = {Outcome.SUCCEEDED: "success", Outcome.FAILED: "failure", Outcome.UNANSWERED: "error"}
"""GitHub makes the same distinction: `failure` is a rejection; `error` means that there was no response."""

LONGEST = 140
"""Maximum length of a description, in characters."""


def context(platform: str, about: str) -> str:
    """Return the name of a status, which branch protection can require: "shop/dev"."""
    return f"{platform}/{about}"


def set_status(
    client: Client, repository: str, sha: str, context: str, state: State, description: str, url: str
) -> None:
    """Set a status of a commit.

    Args:
        client: asks GitHub.
        repository: owner/name.
        sha: the commit.
        context: the name of the status (`context`).
        state: the new state.
        description: one line; cut to GitHub's limit.
        url: the page with details; may be empty.
    """
    body = {
        "state": state,
        "context": context,
        "description": text.line(description, LONGEST),
        **({"target_url": url} if url else {}),
    }
    client.ask("POST", repository, f"/statuses/{sha}", body)
