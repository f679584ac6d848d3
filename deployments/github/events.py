"""What a delivery asks for. Pure: an event's name and its payload in, a decision out.

Of a payload only the few fields are read that a flow run is started with. Full models of GitHub's payloads refuse
about half of GitHub's own examples, and they are somebody else's promise; a field that is missing here or has another
shape is a refusal that names it.
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
"""Actions of a pull request after which its head is planned."""

LONGEST_COMMENT = 65_536
"""Characters that a comment at GitHub can have."""

_COMMAND = re.compile(r"/flowmart(\s|$)")
_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_NAME = re.compile(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+")
_LOGIN = re.compile(r"[A-Za-z0-9-]+(_[A-Za-z0-9]+)?(\[bot\])?")
_QUEUED = re.compile(r"refs/heads/gh-readonly-queue/[A-Za-z0-9._/-]+")
"""Branches that GitHub's merge queue makes, and nobody else may."""

_LONGEST_REF = 255
_LARGEST = 2**53
_HEADS = "refs/heads/"


@dataclass(frozen=True)
class Rules:
    """`repository`: the platform's, owner/name; `number` is GitHub's for it, 0 while that is not known.

    `branch`: the one to deliver; empty: the repository's default.
    """

    repository: str
    number: int = 0
    branch: str = ""


@dataclass(frozen=True)
class Intent:
    """A flow run that is wanted. A later intent about the same `subject` makes an earlier one unnecessary.

    `head` is the commit that the subject stands at, `moment` when GitHub says that was, in seconds since the epoch;
    0 when it does not say. `once` names what is acted on once, whatever number of deliveries bring it. `author` is
    whose wish it is, where not everybody may wish for it.
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
    """Nothing to do, and nothing wrong. Where it says at which `head` a `subject` stands, that is remembered."""

    reason: str
    subject: str = ""
    head: str = ""


class Why(StrEnum):
    """What kind of no a refusal is: it decides how GitHub is answered."""

    FORK = "fork"
    REPOSITORY = "repository"
    PAYLOAD = "payload"


@dataclass(frozen=True)
class Refusal:
    """We do not act on it, and the reason is worth a look."""

    reason: str
    why: Why


Decision = Intent | Ignored | Refusal


class _Odd(Exception):
    """A field is missing, or is not what it should be."""


def decide(event: str, payload: Mapping[str, Any], rules: Rules) -> Decision:
    """What this delivery starts, or why it starts nothing."""
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
    """owner/name; empty for the events of organizations and apps, which have no repository."""
    if payload.get("repository") is None:
        return ""
    return _text(payload, "repository.full_name", _NAME)


def _is_ours(repository: str, payload: Mapping[str, Any], rules: Rules) -> bool:
    """By number where it is known: a name may change, and be somebody else's then."""
    number = _at(payload, "repository.id")
    if rules.number and number is not None:
        return bool(number == rules.number)
    return repository.lower() == rules.repository.lower()


def pull_request(repository: str, number: int, sha: str, moment: float) -> Intent:
    """The head of a pull request is to be planned."""
    parameters: Parameters = {"repository": repository, "number": number, "sha": sha}
    return Intent("pull-request/flowmart", parameters, f"{repository}#{number}".lower(), sha, moment)


def deliver(repository: str, branch: str, sha: str, moment: float) -> Intent:
    """The head of the delivered branch is to be released and promoted."""
    parameters: Parameters = {"repository": repository, "sha": sha}
    return Intent("deliver/flowmart", parameters, f"{repository.lower()}@{branch}", sha, moment)


def seconds(value: object) -> float:
    """A time of GitHub's in seconds since the epoch: it writes ISO 8601, and in pushes a number; 0 for neither."""
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
    """A fork's author is a stranger, and planning runs the author's code. A deleted fork has no repository at all."""
    if _at(payload, "pull_request.head.repo") is None:
        return Refusal("a fork that no longer exists", Why.FORK)
    head = _text(payload, "pull_request.head.repo.full_name", _NAME)
    same = head.lower() == repository.lower()
    return None if same else Refusal(f"a fork: {head}", Why.FORK)


def _is_bot(payload: Mapping[str, Any], path: str) -> bool:
    return bool(_at(payload, f"{path}.type") == "Bot")


def _at(payload: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path; `None` where it is missing."""
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
    """Without what JSON can say and a database cannot keep: half a surrogate pair, and the character zero."""
    return text.replace("\0", "").encode(errors="replace").decode()


def _shown(text: str) -> str:
    return _clean(text)[:80]
