"""Judge from the stack how far an unanswered apply got. Pure.

CloudFormation continues without us and rolls back a failed update on its own: the stack's status shows which. The
events since the plan say why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.domain.outcome import Observation, Progress
from tasks.engines.cloudformation import answers
from tasks.engines.cloudformation.plans import Saved

PUT_BACK = frozenset({"UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE", "ROLLBACK_COMPLETE"})
"""CloudFormation rolled back what it had begun. If the stack was to be created, nothing is left of it."""


def progress(saved: Saved, stack: Mapping[str, Any] | None, secrets: frozenset[str], reason: str) -> Observation:
    """Return how far the apply of `saved` got.

    Args:
        saved: what the apply was to do; the stack has changed since it was planned.
        stack: the described stack, with no operation in progress; None if there is none.
        secrets: values that the outputs must not show.
        reason: the first failure in the events since the plan; empty if there was none.
    """
    status = str(stack["StackStatus"]) if stack else "DELETE_COMPLETE"
    if saved.operation == "delete":
        return _deleted(saved, status, reason)
    if stack is None or status == "DELETE_COMPLETE":
        return _vanished(saved)
    if saved.change_set and stack.get("ChangeSetId", saved.change_set) != saved.change_set:
        return Observation(Progress.PARTIAL, detail=f"stack {saved.stack}: another change set was executed meanwhile")
    if saved.operation == "continue":
        return _continued(saved, stack, secrets, reason)
    if status in answers.GOOD:
        return _complete(saved, stack, secrets)
    if status in PUT_BACK:
        return Observation(Progress.UNCHANGED, detail=_described(saved, status, reason, "was rolled back"))
    return Observation(Progress.PARTIAL, detail=_described(saved, status, reason, "is in between"))


def _deleted(saved: Saved, status: str, reason: str) -> Observation:
    if status == "DELETE_COMPLETE":
        return Observation(Progress.DONE)
    return Observation(Progress.PARTIAL, detail=_described(saved, status, reason, "is not deleted"))


def _vanished(saved: Saved) -> Observation:
    """Judge a missing stack. A stack to recreate is deleted first, so nothing is there, as before the apply."""
    if saved.operation == "recreate" or not saved.stack_id:
        return Observation(Progress.UNCHANGED, detail=f"stack {saved.stack} does not exist yet")
    return Observation(Progress.PARTIAL, detail=f"stack {saved.stack} does not exist any more")


def _continued(saved: Saved, stack: Mapping[str, Any], secrets: frozenset[str], reason: str) -> Observation:
    status = stack["StackStatus"]
    if status == "UPDATE_ROLLBACK_COMPLETE":
        return _complete(saved, stack, secrets)
    progress = Progress.UNCHANGED if status == "UPDATE_ROLLBACK_FAILED" else Progress.PARTIAL
    return Observation(progress, detail=_described(saved, status, reason, "could not be rolled back"))


def _complete(saved: Saved, stack: Mapping[str, Any], secrets: frozenset[str]) -> Observation:
    if bool(stack.get("EnableTerminationProtection")) != saved.protected:
        detail = f"stack {saved.stack} is complete, but its termination protection is not as planned; promote again"
        return Observation(Progress.PARTIAL, detail=detail)
    return Observation(Progress.DONE, answers.outputs(stack, secrets))


def _described(saved: Saved, status: str, reason: str, what: str) -> str:
    return f"stack {saved.stack} {what} ({status}){f': {reason}' if reason else ''}"
