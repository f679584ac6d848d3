"""What the machine of a job lacks is not a rejection of the release: a program, the release's files, credentials.

Another machine of the pool may have it, and a person can mend this one. So the run gets no answer, in the words of
what is missing and with the machine's name: it asks again, and ends without a rollback if that does not help.
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
    """Nothing of an apply has begun."""


@contextmanager
def preparing(request: JobRequest) -> Iterator[None]:
    """While this lasts nothing has begun, and the run did the same where it is: what fails is ours."""
    try:
        yield
    except (ClaimLost, StalePlan, Unanswered):
        raise
    except (FlowmartError, OSError) as error:
        raise (NotApplied if request.call == "apply" else Unanswered)(_told(request, error)) from error


@contextmanager
def equipped(request: JobRequest) -> Iterator[None]:
    """While this lasts the tool is at work: what it says of the release counts, what it cannot do here does not."""
    try:
        yield
    except Unequipped as error:
        raise Unanswered(_told(request, error)) from error


def on_this_machine(workspace: Workspace) -> Workspace:
    """The workspace, its credentials being what this machine gets."""
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
"""Calls that are no verbs."""
