"""Treat what a job's machine lacks as a missing response: a program, the release's files or credentials.

That is not a rejection of the release: another machine of the pool may have it, and a person can repair this one. The
run gets `Unanswered` with what is missing and the machine's name. It retries, and stops without a rollback if that
does not help.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from tasks import process_identity
from tasks.domain.errors import ClaimLost, FlowmartError, InvalidInput, Refused, StalePlan, Unanswered, Unequipped
from tasks.engines.base import Variables, Workspace
from tasks.jobs.records import JobRequest


class NotApplied(Unanswered):
    """Nothing of an apply has started."""


@contextmanager
def preparing(request: JobRequest) -> Iterator[None]:
    """Report errors inside as a missing response: the run did the same successfully, so this machine is at fault."""
    try:
        yield
    except (ClaimLost, StalePlan, Unanswered):
        raise
    except (FlowmartError, OSError) as error:
        raise (NotApplied if request.call == "apply" else Unanswered)(_told(request, error)) from error


@contextmanager
def equipped(request: JobRequest) -> Iterator[None]:
    """Report `Unequipped` inside as a missing response; all other errors of the tool count."""
    try:
        yield
    except Unequipped as error:
        raise Unanswered(_told(request, error)) from error


def on_this_machine(workspace: Workspace) -> Workspace:
    """Return the workspace with this machine's credentials; if they are rejected, the machine is unequipped."""
    return replace(workspace, reading=_ours(workspace.reading), writing=_ours(workspace.writing))


def _ours(read: Variables) -> Variables:
    def variables() -> Mapping[str, str]:
        try:
            return read()
        except (Refused, InvalidInput) as error:
            raise Unequipped(str(error)) from error

    return variables


def _told(request: JobRequest, error: Exception) -> str:
    begin = "begin to apply it" if request.call == "apply" else f"{_VERBS.get(request.call, request.call)} it"
    return f"{request.target}: {process_identity.current().host} could not {begin}: {error}"


_VERBS = {"drift": "look for drift of", "adopt": "look at"}
"""Verbs for calls whose names are not verbs with a simple object."""
