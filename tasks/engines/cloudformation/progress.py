"""How far an apply got that gave no answer, judged by the stack as it is afterwards. Pure.

CloudFormation goes on by itself, and puts an update that failed back by itself: the stack's status says which. The
events since the plan say why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.domain.outcome import Observation, Progress
from tasks.engines.cloudformation import answers
from tasks.engines.cloudformation.plans import Saved

PUT_BACK = frozenset({"UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE", "ROLLBACK_COMPLETE"})
"""CloudFormation undid what it had begun. Of a stack that was to be created nothing is left."""


def progress(saved: Saved, stack: Mapping[str, Any] | None, secrets: frozenset[str], reason: str) -> Observation:
    """What became of `saved`.

    Args:
        saved: what the apply was to do; something has happened to the stack since it was planned.
        stack: the stack as described, which nobody is at work on; None when there is none.
        secrets: what the outputs must not show.
        reason: what failed first, of the events since the plan; empty when nothing did.
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
        return Observation(Progress.UNCHANGED, detail=_described(saved, status, reason, "was put back"))
    return Observation(Progress.PARTIAL, detail=_described(saved, status, reason, "is in between"))


def _deleted(saved: Saved, status: str, reason: str) -> Observation:
    if status == "DELETE_COMPLETE":
        return Observation(Progress.DONE)
    return Observation(Progress.PARTIAL, detail=_described(saved, status, reason, "is not deleted"))


def _vanished(saved: Saved) -> Observation:
    """A stack that is created anew is deleted first: then nothing is there, as before."""
    if saved.operation == "recreate" or not saved.stack_id:
        return Observation(Progress.UNCHANGED, detail=f"stack {saved.stack} does not exist yet")
    return Observation(Progress.PARTIAL, detail=f"stack {saved.stack} does not exist any more")


def _continued(saved: Saved, stack: Mapping[str, Any], secrets: frozenset[str], reason: str) -> Observation:
    status = stack["StackStatus"]
    if status == "UPDATE_ROLLBACK_COMPLETE":
        return _complete(saved, stack, secrets)
    progress = Progress.UNCHANGED if status == "UPDATE_ROLLBACK_FAILED" else Progress.PARTIAL
    return Observation(progress, detail=_described(saved, status, reason, "could not be put back"))


def _complete(saved: Saved, stack: Mapping[str, Any], secrets: frozenset[str]) -> Observation:
    if bool(stack.get("EnableTerminationProtection")) != saved.protected:
        detail = f"stack {saved.stack} is complete, but its termination protection is not as planned; promote again"
        return Observation(Progress.PARTIAL, detail=detail)
    return Observation(Progress.DONE, answers.outputs(stack, secrets))


def _described(saved: Saved, status: str, reason: str, what: str) -> str:
    return f"stack {saved.stack} {what} ({status}){f': {reason}' if reason else ''}"
