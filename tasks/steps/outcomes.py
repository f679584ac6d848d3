"""How steps and runs end: what failed, what amounts to which error, what was never begun."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from prefect import State
from prefect.client.orchestration import get_client
from prefect.futures import PrefectFuture, wait
from prefect.states import Cancelled, Completed

from tasks.domain.errors import ApprovalWanted, FlowmartError, Refused, Unanswered
from tasks.domain.plan import Plan
from tasks.promotion.approvals import Request
from tasks.promotion.verbs import NotPlanned
from tasks.steps.publishing import for_the_eye


def waiting(wanted: ApprovalWanted) -> State[Request]:
    """How a run ends that asked for an approval: it did not fail, and it did not finish what it is for."""
    return Completed(name="AwaitingApproval", message=str(wanted), data=wanted.request)


def failures_by_name(futures: Mapping[str, PrefectFuture[Any]]) -> dict[str, Exception]:
    """Wait for all; {name: its error} of those that failed."""
    found = {name: failures([future]) for name, future in futures.items()}
    return {name: errors[0] for name, errors in found.items() if errors}


def failures(futures: Iterable[PrefectFuture[Any]]) -> tuple[Exception, ...]:
    """Wait for all; the errors of those that failed. What never began because of them is not among these."""
    done, _ = wait(list(futures))
    found = (future.state.result(raise_on_failure=False) for future in done if _failed(future.state))
    return tuple(error for error in found if isinstance(error, Exception))


def end_what_never_began(futures: Iterable[PrefectFuture[Any]]) -> None:
    """Show the steps behind a failed one as cancelled: Prefect leaves them pending for ever.

    Only for the eye. A step that the server has not heard of yet (they are reported in batches) stays as it is.
    """
    ended: State[Any] = Cancelled(message="not begun, since something that it waits for failed")
    pending = [future.task_run_id for future in futures if future.state.is_pending()]
    if not pending:
        return
    with for_the_eye("steps that never began"), get_client(sync_client=True) as client:
        for task_run in pending:
            client.set_task_run_state(task_run, ended, force=True)


def told(errors: Sequence[Exception]) -> str:
    """Why, in words: what was said no to, or, without a no, what could not be asked; each once."""
    said_no = [error for error in errors if not isinstance(error, Unanswered)]
    return "\n".join(dict.fromkeys(str(error) for error in said_no or errors))


def stop(errors: Sequence[Exception]) -> None:
    """Raise what the errors amount to: a bug of ours as it is, a no before a missing answer; nothing for none."""
    raise_mistakes(errors)
    if errors:
        only_silence = all(isinstance(error, Unanswered) for error in errors)
        raise (Unanswered if only_silence else Refused)(told(errors))


def raise_mistakes(errors: Sequence[Exception]) -> None:
    """A mistake of ours (or Prefect's) among the errors is raised as it is: it says nothing about the release."""
    for error in errors:
        if not isinstance(error, FlowmartError):
            raise error


def found(future: PrefectFuture[Any]) -> Plan | NotPlanned | FlowmartError | None:
    """What a step gave, or why it failed; None where it never began."""
    if future.state.is_pending():
        return None
    found = future.state.result(raise_on_failure=False)
    return found if isinstance(found, Plan | NotPlanned | FlowmartError) else None


def _failed(state: State[Any]) -> bool:
    return state.is_failed() or state.is_crashed()
