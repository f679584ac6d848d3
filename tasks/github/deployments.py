"""Shows deployments on GitHub: for each environment, what a run begins and how it ended.

GitHub marks older deployments of an environment as inactive, but not those of production, so this module does it.
The product's deployments are recognised by their task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from tasks.domain.errors import FlowmartError, RollbackFailed, RolledBack, Unanswered
from tasks.github import text
from tasks.github.best_effort import send
from tasks.github.client import Client

State = Literal["queued", "in_progress", "success", "failure", "error", "inactive"]
Say = Callable[[State, str], None]

LONGEST = 140
"""Maximum length of a description, in characters."""

_RECENT = 10
"""How many earlier deployments to an environment are checked for the state "success"."""


@dataclass(frozen=True)
class Deployment:
    """A release on its way to an environment. `sha`: its commit; `url` and `run`: the flow run, may be empty."""

    repository: str
    platform: str
    environment: str
    sha: str
    release: str
    url: str
    purpose: Literal["promote", "roll back"] = "promote"
    run: str = ""

    @property
    def place(self) -> str:
        """Return the environment's name on GitHub, which includes the platform: "shop/dev"."""
        return f"{self.platform}/{self.environment}"

    @property
    def task(self) -> str:
        """Return the task that identifies the product's deployments."""
        return task(self.platform)


def task(platform: str) -> str:
    """Return the task that identifies a platform's deployments."""
    return f"deploy:{platform}"


@contextmanager
def shown(client: Client, deployment: Deployment) -> Iterator[Say]:
    """Show a deployment while the context lasts, and then its result; errors are re-raised unchanged.

    Yields:
        A function (state, description) for a body that ends without an error, but not in "success".
    """
    number = send(f"deployment to {deployment.environment}", lambda: begin(client, deployment))
    said: list[tuple[State, str]] = []
    try:
        yield lambda state, what: said.append((state, what))
    except BaseException as error:
        _end(client, deployment, number, *_ended(error))
        raise
    _end(client, deployment, number, *(said[-1] if said else ("success", _done(deployment))))


def begin(client: Client, deployment: Deployment) -> int:
    """Show that a deployment began, and return its number on GitHub.

    A deployment of the environment that waited for an approval becomes inactive.
    """
    for earlier in _earlier(client, deployment, 1):
        if state_of(client, deployment.repository, earlier) == "queued":
            say(client, deployment, earlier, "inactive", "taken up again")
    body = {
        "ref": deployment.sha,
        "task": deployment.task,
        "environment": deployment.place,
        "description": text.line(f"{deployment.purpose} {deployment.release}", LONGEST),
        "payload": {"release": deployment.release, "purpose": deployment.purpose, "run": deployment.run},
        # By default GitHub would merge the default branch into the ref and wait for statuses, but this only reports
        # a deployment.
        "auto_merge": False,
        "required_contexts": [],
    }
    number = int(client.ask("POST", deployment.repository, "/deployments", body)["id"])
    say(client, deployment, number, "in_progress", f"{deployment.purpose} {deployment.release}")
    return number


def say(client: Client, deployment: Deployment, number: int, state: State, description: str) -> None:
    """Set the state of a deployment."""
    set_state(client, deployment.repository, number, state, description, deployment.url)


def set_state(client: Client, repository: str, number: int, state: State, description: str, url: str = "") -> None:
    """Set the state of a deployment by its number.

    Args:
        client: asks GitHub.
        repository: owner/name.
        number: the deployment's number on GitHub.
        state: the new state.
        description: one line; cut to GitHub's limit.
        url: the page of the run; may be empty.
    """
    body = {
        "state": state,
        "description": text.line(description, LONGEST),
        "auto_inactive": False,
        **({"log_url": url} if url else {}),
    }
    client.ask("POST", repository, f"/deployments/{number}/statuses", body)


def end_earlier(client: Client, deployment: Deployment, but: int) -> None:
    """Mark earlier deployments to the environment as `inactive`, except number `but`, and say what replaced them."""
    gone = "rolled back, rejected" if deployment.purpose == "roll back" else f"replaced by {deployment.release}"
    for number in _earlier(client, deployment, _RECENT):
        if number != but and state_of(client, deployment.repository, number) == "success":
            say(client, deployment, number, "inactive", gone)


def _end(client: Client, deployment: Deployment, number: int | None, state: State, description: str) -> None:
    if number is None:
        return
    if state == "success":
        send(f"earlier deployments to {deployment.environment}", lambda: end_earlier(client, deployment, number))
    send(f"deployment {number}", lambda: say(client, deployment, number, state, description))


def _earlier(client: Client, deployment: Deployment, most: int) -> list[int]:
    """Return the numbers of the newest deployments to the environment, newest first."""
    query = {"environment": deployment.place, "task": deployment.task, "per_page": most}
    return [int(found["id"]) for found in client.ask("GET", deployment.repository, "/deployments", query=query)]


def state_of(client: Client, repository: str, number: int) -> str:
    """Return a deployment's last state; "" if none was set."""
    newest = client.ask("GET", repository, f"/deployments/{number}/statuses", query={"per_page": 1})
    return str(newest[0]["state"]) if newest else ""


def _ended(error: BaseException) -> tuple[State, str]:
    """Return the state for an error: a rejection is a failure, everything else an error.

    A cancelled run or a bug of the product says nothing about the release.
    """
    if isinstance(error, RollbackFailed):
        return "error", "the rollback failed: a person is needed"
    if isinstance(error, RolledBack):
        return "failure", f"rolled back, rejected: {error}"
    if isinstance(error, Unanswered):
        return "error", f"no answer: {error}"
    if isinstance(error, FlowmartError):
        return "failure", str(error)
    return "error", "the run ended before it was done; the next one recovers what it began"


def _done(deployment: Deployment) -> str:
    verb = "rolled back to" if deployment.purpose == "roll back" else "verified:"
    return f"{verb} {deployment.release}"
