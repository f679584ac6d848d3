"""Acts on what people write on GitHub: commands in comments, and approving reviews.

A run gets only numbers, because whoever can start runs could pass any name and any text. The text of a comment, its
author, the commit of a review and the rights of a person are read from GitHub. If GitHub does not respond, nothing is
done. Each comment and review is acted on once.
"""

from __future__ import annotations

from typing import Annotated

import structlog
from prefect import flow
from pydantic import Field

from flows import commands as doing
from flows import options
from flows.commands import Talk
from flows.pull_request import Number, Repository
from tasks import settings, steps
from tasks.domain.errors import FlowmartError, NotFound, Refused, Unanswered
from tasks.github import commands, comments, handled, permissions, pulls, reviews, text
from tasks.github.best_effort import send
from tasks.github.commands import Command, Misunderstood
from tasks.github.comments import Comment
from tasks.github.pulls import Pull
from tasks.github.repositories import OnGitHub
from tasks.github.reviews import Review
from tasks.promotion import approval_requests, approvals
from tasks.promotion.approval_requests import Request
from tasks.promotion.approvals import Approver

log = structlog.get_logger("flowmart.conversation")

CommentId = Annotated[int, Field(title="Comment", description="GitHub's id of it", ge=1)]
ReviewId = Annotated[int, Field(title="Review", description="GitHub's id of it", ge=1)]


@flow(name="comment", flow_run_name="comment {comment} on {number}", **options.FLOW)
@steps.remembered
def comment(repository: Repository, number: Number, comment: CommentId) -> str:
    """Run the command in a comment of somebody with write access, answer there, and return the result."""
    home = steps.on_github(repository)
    try:
        found = comments.get(home.client, home.name, comment)
    except NotFound:
        return f"comment {comment} is not there, or not there any more"
    asked = commands.parse(found.body.strip())
    why = "not meant for us" if asked is None else _ignored(home, number, found)
    if why or asked is None:
        log.info("ignored", comment=comment, what=why)
        return why
    return _obeyed(Talk(home, found), asked)


def _ignored(home: OnGitHub, number: int, found: Comment) -> str:
    """Return why a command is ignored, for the log; "" if it is run. Strangers get no answer."""
    if found.number != number:
        return f"comment {found.id} is on {found.number}, not on {number}"
    if found.bot:
        return "bots give no commands"
    if not permissions.may_write(home.client, home.name, found.author):
        return f"{found.author} has no write access"
    if found.edited:
        return "it was edited, and nobody knows by whom; a new comment is needed"
    if not _is_first(home, "comment", found.id, found.author):
        return "it was done before: a comment is one command"
    return ""


def _is_first(home: OnGitHub, kind: handled.Kind, id: int, by: str) -> bool:
    with steps.session() as session:
        return handled.begin(session.runtime.store, home.repository.number, kind, id, by)


def _obeyed(talk: Talk, asked: Command | Misunderstood) -> str:
    """Run the command, and answer once, whether it succeeds or fails."""
    if isinstance(asked, Misunderstood):
        talk.react("confused")
        talk.reply(f"Not understood: {text.code(asked.why)}.\n\n{commands.HELP}")
        return asked.why
    talk.react("eyes")
    try:
        with settings.acting_as(f"{talk.author} (GitHub)"):
            said = doing.run(talk, asked)
    except BaseException as error:
        talk.reply(_failed(asked, error))
        raise
    talk.reply(said)
    return said


def _failed(asked: Command, error: BaseException) -> str:
    said = str(error) or type(error).__name__
    if not isinstance(error, FlowmartError):
        verdict, said = "❔ The run ended before it was done:", f"{type(error).__name__}: {error}"
    else:
        verdict = "❔ No answer to" if isinstance(error, Unanswered) else "❌ Rejected:"
    return f"{verdict} {text.code(f'{asked.name} {asked.argument}'.strip())}\n\n{text.fence(said)}"


@flow(name="review", flow_run_name="review {review} of {number}", **options.FLOW)
@steps.remembered
def review(repository: Repository, number: Number, review: ReviewId) -> list[str]:
    """Approve what waits and is exactly what was reviewed. Returns the environments."""
    home = steps.on_github(repository)
    try:
        found = reviews.get(home.client, home.name, number, review)
    except NotFound:
        return []
    if not _may_approve(home, found) or not _is_first(home, "review", found.id, found.author):
        return []
    with steps.session() as session:
        waiting = approval_requests.waiting(session.runtime.ledger(), session.runtime.clock.now())
    if not waiting:
        return []
    pull = pulls.get(home.client, home.name, number)
    pulls.refuse_fork(pull)
    reviewed = _releases(home, pull, found.sha)
    matching = [request for request in waiting if request.release in reviewed]
    return [request.environment for request in matching if _approved(home, number, request, found.author)]


def _may_approve(home: OnGitHub, found: Review) -> bool:
    """Whether the reviewer has write access (anybody may review in public) and has not withdrawn the review."""
    if found.bot or not found.approves:
        return False
    if not permissions.may_write(home.client, home.name, found.author):
        log.info("not approved", what=f"{found.author} has no write access")
        return False
    return True


def _releases(home: OnGitHub, pull: Pull, sha: str) -> frozenset[str]:
    """The releases that were reviewed: that of the commit, and that of the merge if the last commit was reviewed."""
    chosen = settings.load()
    steps.fetch(chosen, home.client, home.name, f"refs/pull/{pull.number}/head")
    found = {steps.create_release(chosen, sha, "plan").id}
    if pull.merge and pull.sha == sha:
        steps.fetch(chosen, home.client, home.name, f"refs/heads/{home.repository.branch}")
        found.add(steps.create_release(chosen, pull.merge, "plan").id)
    return frozenset(found)


def _approved(home: OnGitHub, number: int, request: Request, reviewer: str) -> bool:
    """Approve one request and continue it; False if this reviewer may not approve it."""
    try:
        doing.refuse_author(home, request, reviewer)
        with steps.session() as session:
            ledger, now = session.runtime.ledger(), session.runtime.clock.now()
        approved = approvals.approve(ledger, request.digest, Approver(reviewer, "GitHub review", "github"), now)
    except Refused as error:
        log.info("not approved", environment=request.environment, what=str(error))
        return False
    with settings.acting_as(f"{reviewer} (GitHub)"):
        said = doing.carried_on(home, approved)
    marker = text.marker(home.platform, f"approval/{request.short}")
    send("reply", lambda: comments.reply(home.client, home.name, number, marker, said))
    return True
