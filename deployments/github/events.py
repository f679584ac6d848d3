"""Decides what a delivery requests. Pure: takes an event's name and its payload, and returns a decision.

It reads only the payload fields that a flow run needs. Full models of GitHub's payloads reject about half of GitHub's
own examples and depend on a third party. A needed field that is missing or has another shape leads to a refusal that
names it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

Parameters = Mapping[str, str | int]

PLANNED = frozenset({"opened", "synchronize", "reopened", "ready_for_review"})
"""Pull request actions after which its head is planned."""

LONGEST_COMMENT = 65_536
"""The longest comment that GitHub allows, in characters."""

_COMMAND = re.compile(r"/flowmart(\s|$)")
_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_NAME = re.compile(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+")
_LOGIN = re.compile(r"[A-Za-z0-9-]+(_[A-Za-z0-9]+)?(\[bot\])?")
_QUEUED = re.compile(r"refs/heads/gh-readonly-queue/[^\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]+")
"""Branches that only GitHub's merge queue can create. The base branch may have any name that git allows."""

_LONGEST_REF = 255
_LARGEST = 2**53
_HEADS = "refs/heads/"


@dataclass(frozen=True)
class Rules:
    """`repository` is the platform's, as owner/name; `number` is GitHub's id of it, or 0 while unknown.

    `branch` is the branch to deliver; empty for the repository's default.
    """

    repository: str
    number: int = 0
    branch: str = ""


@dataclass(frozen=True)
class Intent:
    """A flow run to start. A later intent with the same `subject` supersedes an earlier one.

    `head` is the subject's head commit. `moment` is GitHub's time for it, in seconds since the epoch; 0 if unknown.
    `once` identifies what must be acted on only once, even if several deliveries bring it. `author` is the person who
    requested it, if that needs permission.
    """

    deployment: str
    parameters: Parameters
    subject: str = ""
    head: str = ""
    moment: float = 0.0
    once: str = ""
    author: str = ""


@dataclass(frozen=True)
class Ignored:
    """Nothing to do, and nothing wrong. If it names a `subject` and its `head`, they are recorded."""

    reason: str
    subject: str = ""
    head: str = ""


class Why(StrEnum):
    """The kind of a refusal, which determines the response to GitHub."""

    FORK = "fork"
    REPOSITORY = "repository"
    PAYLOAD = "payload"


@dataclass(frozen=True)
class Refusal:
    """The delivery is not acted on, and an operator may want to know the reason."""

    reason: str
    why: Why


Decision = Intent | Ignored | Refusal


class _Odd(Exception):
    """A field is missing or has an unexpected value."""


def decide(event: str, payload: Mapping[str, Any], rules: Rules) -> Decision:
    """Decide what a delivery starts.

    Args:
        event: the event's name, from the header.
        payload: the parsed body.
        rules: the repository and branch to act on.

    Returns:
        An intent, or why nothing is started.
    """
    try:
        repository = repository_of(payload)
        if repository and not _is_ours(repository, payload, rules):
            return Refusal(f"{repository} is not the platform's repository, {rules.repository}", Why.REPOSITORY)
        kind = _KINDS.get(event)
        if kind is None:
            return Ignored("pong" if event == "ping" else f"{event} starts nothing")
        if not repository:
            raise _Odd("repository: missing")
        return kind(repository, payload, rules)
    except _Odd as odd:
        return Refusal(f"{event}: {odd}", Why.PAYLOAD)


def repository_of(payload: Mapping[str, Any]) -> str:
    """Return owner/name; empty for events of organizations and apps, which have no repository.

    Raises:
        _Odd: the name is not valid.
    """
    if payload.get("repository") is None:
        return ""
    return _text(payload, "repository.full_name", _NAME)


def _is_ours(repository: str, payload: Mapping[str, Any], rules: Rules) -> bool:
    """Compare by number if it is known, because another repository may take over a changed name."""
    number = _at(payload, "repository.id")
    if rules.number and number is not None:
        return bool(number == rules.number)
    return repository.lower() == rules.repository.lower()


def pull_request(repository: str, number: int, sha: str, moment: float) -> Intent:
    """Return the intent to plan the head of a pull request. `moment` is in seconds since the epoch."""
    parameters: Parameters = {"repository": repository, "number": number, "sha": sha}
    return Intent("pull-request/flowmart", parameters, f"{repository}#{number}".lower(), sha, moment)


def deliver(repository: str, branch: str, sha: str, moment: float) -> Intent:
    """Return the intent to release and promote the branch's head. `moment` is in seconds since the epoch."""
    parameters: Parameters = {"repository": repository, "sha": sha}
    return Intent("deliver/flowmart", parameters, f"{repository.lower()}@{branch}", sha, moment)


def seconds(value: object) -> float:
    """Convert a time of GitHub's to seconds since the epoch: ISO 8601, or a number in pushes; otherwise 0."""
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value) if 0 <= value < _LARGEST else 0.0
    try:
        return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else 0.0
    except (ValueError, OverflowError):
        return 0.0


def _pull_request(repository: str, payload: Mapping[str, Any], _: Rules) -> Decision:
    action = _text(payload, "action")
    if action not in PLANNED and not (action == "edited" and _at(payload, "changes.base")):
        return Ignored(f"a pull request that was {_shown(action)} starts nothing")
    if fork := _fork(repository, payload):
        return fork
    number = _number(payload, "pull_request.number")
    sha = _text(payload, "pull_request.head.sha", _SHA)
    return pull_request(repository, number, sha, seconds(_at(payload, "pull_request.updated_at")))


def _push(repository: str, payload: Mapping[str, Any], rules: Rules) -> Decision:
    ref = _text(payload, "ref")
    if not ref.startswith(_HEADS):
        return Ignored("a push to something other than a branch starts nothing")
    branch = ref.removeprefix(_HEADS)
    delivered = rules.branch or _text(payload, "repository.default_branch")
    if branch != delivered:
        return Ignored(f"only pushes to {_shown(delivered)} start something")
    if _at(payload, "deleted") is True:
        return Ignored(f"{_shown(branch)} was deleted")
    sha = _text(payload, "after", _SHA)
    return deliver(repository, _clean(branch), sha, seconds(_at(payload, "repository.pushed_at")))


def _comment(repository: str, payload: Mapping[str, Any], _: Rules) -> Decision:
    if _text(payload, "action") != "created":
        return Ignored("only new comments start something")
    if not isinstance(_at(payload, "issue.pull_request"), Mapping):
        return Ignored("a comment on an issue that is not a pull request starts nothing")
    if _is_bot(payload, "comment.user"):
        return Ignored("bots give no commands")
    if not _COMMAND.match(_text(payload, "comment.body", longest=LONGEST_COMMENT).strip()):
        return Ignored("the comment does not begin with /flowmart")
    comment = _number(payload, "comment.id")
    parameters: Parameters = {
        "repository": repository,
        "number": _number(payload, "issue.number"),
        "comment": comment,
    }
    author = _text(payload, "comment.user.login", _LOGIN)
    return Intent("comment/flowmart", parameters, once=f"comment-{comment}", author=author)


def _review(repository: str, payload: Mapping[str, Any], _: Rules) -> Decision:
    if _text(payload, "action") != "submitted":
        return Ignored("only submitted reviews start something")
    if _is_bot(payload, "review.user"):
        return Ignored("bots approve nothing")
    if _text(payload, "review.state").lower() != "approved":
        return Ignored("a review that does not approve starts nothing")
    if fork := _fork(repository, payload):
        return fork
    review = _number(payload, "review.id")
    parameters: Parameters = {
        "repository": repository,
        "number": _number(payload, "pull_request.number"),
        "review": review,
    }
    author = _text(payload, "review.user.login", _LOGIN)
    return Intent("review/flowmart", parameters, once=f"review-{review}", author=author)


def _merge_group(repository: str, payload: Mapping[str, Any], _: Rules) -> Decision:
    action = _text(payload, "action")
    if action != "checks_requested":
        return Ignored(f"a merge group that was {_shown(action)} starts nothing")
    ref = _text(payload, "merge_group.head_ref", _QUEUED)
    sha = _text(payload, "merge_group.head_sha", _SHA)
    parameters: Parameters = {"repository": repository, "ref": ref, "sha": sha}
    return Intent("merge-group/flowmart", parameters, f"{repository.lower()}@{ref}", sha)


_KINDS: Mapping[str, Callable[[str, Mapping[str, Any], Rules], Decision]] = {
    "pull_request": _pull_request,
    "push": _push,
    "issue_comment": _comment,
    "pull_request_review": _review,
    "merge_group": _merge_group,
}


def _fork(repository: str, payload: Mapping[str, Any]) -> Refusal | None:
    """Refuse forks, whose authors are not trusted: planning runs their code. A deleted fork has no repository."""
    if _at(payload, "pull_request.head.repo") is None:
        return Refusal("a fork that no longer exists", Why.FORK)
    head = _text(payload, "pull_request.head.repo.full_name", _NAME)
    same = head.lower() == repository.lower()
    return None if same else Refusal(f"a fork: {head}", Why.FORK)


def _is_bot(payload: Mapping[str, Any], path: str) -> bool:
    return bool(_at(payload, f"{path}.type") == "Bot")


def _at(payload: Mapping[str, Any], path: str) -> Any:
    """Return the value at a dotted path; None if it is missing."""
    found: Any = payload
    for key in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(key)
    return found


def _text(
    payload: Mapping[str, Any], path: str, shape: re.Pattern[str] | None = None, longest: int = _LONGEST_REF
) -> str:
    value = _at(payload, path)
    if not isinstance(value, str) or not value:
        raise _Odd(f"{path}: missing, or not a text")
    if len(value) > longest or (shape and not shape.fullmatch(value)):
        raise _Odd(f"{path}: not what GitHub sends")
    return value


def _number(payload: Mapping[str, Any], path: str) -> int:
    value = _at(payload, path)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < _LARGEST:
        raise _Odd(f"{path}: missing, or not a number")
    return value


def _clean(text: str) -> str:
    """Remove what JSON can express but a database cannot store: unpaired surrogates and NUL."""
    return text.replace("\0", "").encode(errors="replace").decode()


def _shown(text: str) -> str:
    return _clean(text)[:80]
