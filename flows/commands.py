"""Runs commands from comments, once their author is known, and continues what is approved on GitHub."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flows.delivery import promote_shown, roll_back_shown, waits
from flows.pull_request import pull_request
from flows.reconcile import reconcile
from tasks import authorship, settings, steps
from tasks.domain.errors import NotFound, Refused
from tasks.domain.release import Release
from tasks.github import closing, commands, comments, pulls, text
from tasks.github.best_effort import send
from tasks.github.commands import Command
from tasks.github.comments import Comment, Reaction
from tasks.github.repositories import OnGitHub
from tasks.promotion import approval_requests, approvals
from tasks.promotion.approval_requests import Request
from tasks.promotion.approvals import Approver


@dataclass(frozen=True)
class Talk:
    """A comment that holds a command, and where to answer it."""

    home: OnGitHub
    comment: Comment

    @property
    def author(self) -> str:
        """The login of the comment's author."""
        return self.comment.author

    @property
    def number(self) -> int:
        """The number of the pull request or issue."""
        return self.comment.number

    def react(self, reaction: Reaction) -> None:
        """Add a reaction to the comment, to show that it was read."""
        home = self.home
        send("reaction", lambda: comments.react(home.client, home.name, self.comment.id, reaction))

    def reply(self, words: str) -> None:
        """Answer in a comment."""
        home, marker = self.home, text.marker(self.home.platform, closing.answer_to(self.comment.id))
        send("reply", lambda: comments.reply(home.client, home.name, self.number, marker, words))


def run(talk: Talk, asked: Command) -> str:
    """Run a command and return the result in Markdown. Errors of the command are raised."""
    return _DO[asked.name](talk, asked)


def carried_on(home: OnGitHub, request: Request) -> str:
    """Continue what was approved and report it. A promotion goes on until the next environment needs an approval."""
    approved = f"Approved: {text.code(request.environment)}, {text.code(request.short)}."
    if request.missing:
        return f"{approved} ⏸ {request.missing} more people have to approve."
    release = text.code(request.release)
    if request.purpose == "roll back":
        done = f"It is back on release {release}."
        found: object = roll_back_shown(home, request.environment, request.release)
    elif request.purpose == "reconcile":
        done = f"It is as release {release} has it again."
        found = steps.call(reconcile, request.environment)
    else:
        done = f"Release {release} is verified."
        found = promote_shown(home, _released(request.release))
    return f"{approved} {_waiting(found) if isinstance(found, Request) else f'✅ {done}'}"


def refuse_author(home: OnGitHub, request: Request, login: str) -> None:
    """Refuse somebody who wrote a part of what a request would apply; also if the authors are not known."""
    with steps.session() as session:
        authorship.refuse_author(home, settings.load(), session.history, request, login)


def _help(_: Talk, __: Command) -> str:
    return commands.HELP


def _plan(talk: Talk, _: Command) -> str:
    pull = pulls.get(talk.home.client, talk.home.name, talk.number)
    steps.call(pull_request, talk.home.name, talk.number, pull.sha)
    return f"✅ Planned {text.code(pull.sha[:12])}; the plan's comment is up to date."


def _promote(talk: Talk, asked: Command) -> str:
    home = talk.home
    _refuse_unmerged(talk)
    commit = steps.fetch(settings.load(), home.client, home.name, f"refs/heads/{home.repository.branch}")
    release = steps.create_release(settings.load(), commit, "promote")
    wanted = promote_shown(home, release, asked.argument or None)
    where = asked.argument or "all environments"
    done = f"✅ Release {text.code(release.id)} (commit {text.code(commit[:12])}) is verified in {where}."
    return _waiting(wanted) if wanted else done


def _refuse_unmerged(talk: Talk) -> None:
    """Refuse on an open pull request: only the default branch is promoted, which its author may not expect."""
    try:
        pull = pulls.get(talk.home.client, talk.home.name, talk.number)
    except NotFound:
        return
    if not pull.merged:
        raise Refused(f"pull request {talk.number} is not merged: only what is on the default branch is promoted")


def _roll_back(talk: Talk, asked: Command) -> str:
    found = roll_back_shown(talk.home, asked.argument)
    done = f"✅ {text.code(asked.argument)} is back on release"
    return _waiting(found) if isinstance(found, Request) else f"{done} {text.code(found)}."


def _approve(talk: Talk, asked: Command) -> str:
    with steps.session() as session:
        ledger, now = session.runtime.ledger(), session.runtime.clock.now()
    refuse_author(talk.home, approval_requests.find(ledger, asked.argument, now), talk.author)
    request = approvals.approve(ledger, asked.argument, Approver(talk.author, "GitHub comment", "github"), now)
    return carried_on(talk.home, request)


def _refuse(talk: Talk, asked: Command) -> str:
    with steps.session() as session:
        ledger, now = session.runtime.ledger(), session.runtime.clock.now()
    reason = asked.rest or "in a comment on GitHub"
    by = Approver(talk.author, "GitHub comment", "github")
    request = approvals.refuse(ledger, asked.argument, by, now, reason)
    if request.purpose != "promote":
        return f"Refused: {request.what} in {text.code(request.environment)}. No release is rejected."
    return f"Refused: release {text.code(request.release)} is rejected in {text.code(request.environment)}."


def _waiting(request: Request) -> str:
    rehearsal = f"\n\nRollback: {text.code(request.rehearsal)}" if request.rehearsal else ""
    return f"⏸ {waits(request)}: `/flowmart approve {request.short}`{rehearsal}"


def _released(name: str) -> Release:
    with steps.session() as session:
        return session.history.release(name)


_DO: dict[str, Callable[[Talk, Command], str]] = {
    "help": _help,
    "plan": _plan,
    "promote": _promote,
    "rollback": _roll_back,
    "approve": _approve,
    "refuse": _refuse,
}
