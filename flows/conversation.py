"""What people say on GitHub: commands in comments, and approving reviews.

Who says it is known by GitHub's login, and whether they may is asked of GitHub each time. That question is no
courtesy: without an answer nothing is done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import structlog
from prefect import flow
from pydantic import Field

from flows import options
from flows.delivery import promote_shown, roll_back_shown, waits
from flows.pull_request import Commit, Number, Repository, pull_request
from flows.reconcile import reconcile
from tasks import settings, steps
from tasks.domain.errors import FlowmartError, NotFound, Refused, Unanswered
from tasks.domain.release import Release
from tasks.github import commands, comments, permissions, pulls, text
from tasks.github.best_effort import tell
from tasks.github.client import Client, connect
from tasks.github.commands import Command, Misunderstood
from tasks.github.comments import Reaction
from tasks.github.pulls import Pull
from tasks.ledger.chain import Ledger
from tasks.promotion import approvals
from tasks.promotion.approvals import Approver, Request

log = structlog.get_logger("flowmart.conversation")

CommentId = Annotated[int, Field(title="Comment", description="GitHub's id of it", ge=1)]
ReviewId = Annotated[int, Field(title="Review", description="GitHub's id of it", ge=1)]
Login = Annotated[str, Field(title="Login on GitHub", min_length=1)]


@dataclass(frozen=True)
class Talk:
    """A comment that is for us, and where to answer it."""

    client: Client
    repository: str
    number: int
    comment: int
    author: str

    def react(self, reaction: Reaction) -> None:
        """Show that it was read."""
        tell("reaction", lambda: comments.react(self.client, self.repository, self.comment, reaction))

    def reply(self, words: str) -> None:
        """Answer."""
        tell("reply", lambda: comments.reply(self.client, self.repository, self.number, words))


@flow(name="comment", flow_run_name="comment {comment} on {number}", **options.FLOW)
@steps.remembered
def comment(repository: Repository, number: Number, comment: CommentId, author: Login, body: str) -> str:
    """Do what somebody with write access asks for in a comment, and answer there. Says what came of it."""
    asked = commands.parse(body)
    if asked is None:
        return "not meant for us"
    talk = Talk(connect(settings.load()), repository, number, comment, author)
    if not permissions.may_write(talk.client, repository, author):
        talk.react("-1")
        talk.reply(f"{text.code(author)} has no write access to this repository: nothing was done.")
        return f"{author} may not"
    if isinstance(asked, Misunderstood):
        talk.react("confused")
        talk.reply(f"Not understood: {text.code(asked.why)}.\n\n{commands.HELP}")
        return asked.why
    return _answered(talk, asked)


def _answered(talk: Talk, asked: Command) -> str:
    """Do it, and answer once, however it goes."""
    talk.react("eyes")
    try:
        with settings.acting_as(f"{talk.author} (GitHub)"):
            said = _DO[asked.name](talk, asked)
    except FlowmartError as error:
        verdict = "❔ No answer" if isinstance(error, Unanswered) else "❌ Rejected"
        talk.reply(f"{verdict} to {text.code(f'{asked.name} {asked.argument}')}:\n\n{text.fence(str(error))}")
        raise
    talk.reply(said)
    return said


def _help(_: Talk, __: Command) -> str:
    return commands.HELP


def _plan(talk: Talk, _: Command) -> str:
    pull = pulls.get(talk.client, talk.repository, talk.number)
    steps.call(pull_request, talk.repository, talk.number, pull.sha)
    return f"✅ Planned {text.code(pull.sha[:12])}; the plan's comment is up to date."


def _promote(talk: Talk, asked: Command) -> str:
    _refuse_unmerged(talk)
    branch = pulls.default_branch(talk.client, talk.repository)
    commit = steps.fetch(settings.load(), talk.client, talk.repository, f"refs/heads/{branch}")
    release = steps.create_release(settings.load(), commit, "promote")
    wanted = promote_shown(talk.client, talk.repository, release, asked.argument or None)
    where = asked.argument or "all environments"
    done = f"✅ Release {text.code(release.id)} (commit {text.code(commit[:12])}) is verified in {where}."
    return _waiting(wanted) if wanted else done


def _refuse_unmerged(talk: Talk) -> None:
    """What is promoted is what is on the default branch, which somebody at an open pull request may not expect."""
    try:
        pull = pulls.get(talk.client, talk.repository, talk.number)
    except NotFound:
        return
    if not pull.merged:
        raise Refused(f"pull request {talk.number} is not merged: only what is on the default branch is promoted")


def _roll_back(talk: Talk, asked: Command) -> str:
    found = roll_back_shown(talk.client, talk.repository, asked.argument)
    done = f"✅ {text.code(asked.argument)} is back on release"
    return _waiting(found) if isinstance(found, Request) else f"{done} {text.code(found)}."


def _approve(talk: Talk, asked: Command) -> str:
    request = approvals.approve(_ledger(), asked.argument, _approver(talk.author, "GitHub comment"))
    return _carried_on(talk.client, talk.repository, request)


def _refuse(talk: Talk, asked: Command) -> str:
    reason = asked.rest or "in a comment on GitHub"
    by = _approver(talk.author, "GitHub comment")
    request = approvals.refuse(_ledger(), asked.argument, by, reason)
    return f"Refused: release {text.code(request.release)} is rejected in {text.code(request.environment)}."


def _waiting(request: Request) -> str:
    return f"⏸ {waits(request)}: `/flowmart approve {request.short}`"


_DO: dict[str, Callable[[Talk, Command], str]] = {
    "help": _help,
    "plan": _plan,
    "promote": _promote,
    "rollback": _roll_back,
    "approve": _approve,
    "refuse": _refuse,
}


@flow(name="review", flow_run_name="review {review} of {number}", **options.FLOW)
@steps.remembered
def review(
    repository: Repository,
    number: Number,
    review: ReviewId,  # noqa: ARG001 (the run's name)
    reviewer: Login,
    state: str,
    sha: Commit,
) -> list[str]:
    """An approving review approves what waits for an approval and is exactly what was reviewed; the environments."""
    waiting = approvals.waiting(_ledger(), datetime.now(UTC)) if state.lower() == "approved" else ()
    if not waiting:
        return []
    client = connect(settings.load())
    pull = pulls.get(client, repository, number)
    if not _may_approve(client, repository, pull, reviewer):
        return []
    reviewed = _releases(client, repository, pull, sha)
    matching = [request for request in waiting if request.release in reviewed]
    return [request.environment for request in matching if _approved(client, repository, number, request, reviewer)]


def _may_approve(client: Client, repository: str, pull: Pull, reviewer: str) -> bool:
    """Not a stranger (anybody may review in public), nor anybody who wrote what is approved."""
    if reviewer.lower() in pulls.authors(client, repository, pull):
        log.info("not approved", what=f"{reviewer} wrote some of pull request {pull.number}")
        return False
    if not permissions.may_write(client, repository, reviewer):
        log.info("not approved", what=f"{reviewer} has no write access")
        return False
    return True


def _releases(client: Client, repository: str, pull: Pull, sha: str) -> frozenset[str]:
    """The releases that were reviewed: the commit's, and the merge's if the last commit was what was looked at."""
    chosen = settings.load()
    steps.fetch(chosen, client, repository, f"refs/pull/{pull.number}/head")
    found = {steps.create_release(chosen, sha, "plan").id}
    if pull.merge and pull.sha == sha:
        steps.fetch(chosen, client, repository, f"refs/heads/{pulls.default_branch(client, repository)}")
        found.add(steps.create_release(chosen, pull.merge, "plan").id)
    return frozenset(found)


def _approved(client: Client, repository: str, number: int, request: Request, reviewer: str) -> bool:
    """Approve one request and do what it is for; False when this reviewer is not the one to approve it."""
    try:
        approvals.approve(_ledger(), request.digest, _approver(reviewer, "GitHub review"))
    except Refused as error:
        log.info("not approved", environment=request.environment, what=str(error))
        return False
    with settings.acting_as(f"{reviewer} (GitHub)"):
        said = _carried_on(client, repository, request)
    tell("reply", lambda: comments.reply(client, repository, number, said))
    return True


def _carried_on(client: Client, repository: str, request: Request) -> str:
    """Do what was approved, and show it; a promotion goes on to the environments behind, until the next one asks."""
    approved = f"Approved: {text.code(request.environment)}, {text.code(request.short)}."
    if request.missing:
        return f"{approved} ⏸ {request.missing} more people have to approve."
    release = text.code(request.release)
    if request.purpose == "roll back":
        done = f"It is back on release {release}."
        found: object = roll_back_shown(client, repository, request.environment, request.release)
    elif request.purpose == "reconcile":
        done = f"It is as release {release} has it again."
        found = steps.call(reconcile, request.environment)
    else:
        done = f"Release {release} is verified."
        found = promote_shown(client, repository, _released(request.release))
    return f"{approved} {_waiting(found) if isinstance(found, Request) else f'✅ {done}'}"


def _ledger() -> Ledger:
    with steps.session() as session:
        return session.runtime.ledger()


def _released(name: str) -> Release:
    with steps.session() as session:
        return session.history.release(name)


def _approver(login: str, how: str) -> Approver:
    return Approver(login, how, "github")
