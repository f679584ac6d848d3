"""Closes what an ended run left open on GitHub: check runs, statuses, deployments, the reply to a command.

What the run closed itself stays unchanged, so this can be done after every run, and repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.domain.outcome import Outcome
from tasks.github import check_runs, comments, deployments, statuses, text
from tasks.github.check_runs import Conclusion
from tasks.github.repositories import OnGitHub


def answer_to(comment: int) -> str:
    """Return the marker key of the reply to a comment."""
    return f"answer/{comment}"


def close(home: OnGitHub, asked: Mapping[str, Any], why: str) -> int:
    """Close what the run left open.

    Args:
        home: the platform, with the run's id.
        asked: the run's parameters: a commit (`sha`), or a comment (`number`, `comment`).
        why: how the run ended, for people.

    Returns:
        How many items were closed.
    """
    closed = _close_deployments(home, why)
    if "sha" in asked:
        closed += _close_check_runs(home, str(asked["sha"]), why) + _close_statuses(home, str(asked["sha"]), why)
    if "comment" in asked:
        closed += _answer(home, int(asked["number"]), int(asked["comment"]), why)
    return closed


def _close_check_runs(home: OnGitHub, sha: str, why: str) -> int:
    query = {"check_name": home.platform, "filter": "all", "per_page": 100}
    found = home.client.ask("GET", home.name, f"/commits/{sha}/check-runs", query=query)["check_runs"]
    ours = [run["id"] for run in found if run["status"] != "completed" and run.get("external_id") == home.run]
    for number in ours:
        said = Conclusion(Outcome.UNANSWERED, why, text.fence(why))
        check_runs.conclude(home.client, home.name, number, said)
    return len(ours)


def _close_statuses(home: OnGitHub, sha: str, why: str) -> int:
    """Close pending statuses, and set the release's status if it is missing: branch protection waits for it."""
    newest: dict[str, Mapping[str, Any]] = {}
    for status in home.client.all(home.name, f"/commits/{sha}/statuses"):
        newest.setdefault(status["context"], status)
    release = statuses.context(home.platform, "release")
    left = [name for name, status in newest.items() if _is_left(home, status)]
    left += [] if release in newest else [release]
    for name in left:
        statuses.set_status(home.client, home.name, sha, name, "error", why, home.address)
    return len(left)


def _is_left(home: OnGitHub, status: Mapping[str, Any]) -> bool:
    """Tell whether a status is pending and belongs to this run. One without an address could be of any run."""
    address = status.get("target_url") or ""
    ours = status["context"].startswith(f"{home.platform}/") and (not address or home.run in address)
    return bool(status["state"] == "pending" and ours)


def _close_deployments(home: OnGitHub, why: str) -> int:
    query = {"task": deployments.task(home.platform), "per_page": 30}
    found = home.client.ask("GET", home.name, "/deployments", query=query)
    ours = [made["id"] for made in found if (made.get("payload") or {}).get("run") == home.run]
    left = [number for number in ours if deployments.state_of(home.client, home.name, number) == "in_progress"]
    for number in left:
        deployments.set_state(home.client, home.name, number, "error", why, home.address)
    return len(left)


def _answer(home: OnGitHub, number: int, comment: int, why: str) -> int:
    """Reply to a command that was read but got no reply. A command that was ignored gets none."""
    marker = text.marker(home.platform, answer_to(comment))
    was_read = any(one["content"] == "eyes" for one in _reactions(home, comment))
    if not was_read or comments.find(home.client, home.name, number, marker) is not None:
        return 0
    comments.reply(home.client, home.name, number, marker, f"❔ No answer:\n\n{text.fence(why)}")
    return 1


def _reactions(home: OnGitHub, comment: int) -> list[Mapping[str, Any]]:
    """Return the client's own reactions to a comment."""
    every = home.client.all(home.name, f"/issues/comments/{comment}/reactions")
    return [one for one in every if (one.get("user") or {}).get("login") == home.client.login]
