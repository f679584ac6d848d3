"""Execute what a plan saved: start it, wait for CloudFormation to finish, and return the outcome."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tasks.domain.errors import Refused, StalePlan
from tasks.domain.outcome import Applied, Outcome
from tasks.domain.plan import Plan
from tasks.domain.values import digest_of
from tasks.engines.base import Workspace
from tasks.engines.cloudformation import answers, comparisons, errors
from tasks.engines.cloudformation.plans import Saved
from tasks.engines.cloudformation.sources import Source
from tasks.engines.cloudformation.stacks import Described, Stacks, names


def refuse_stale(plan: Plan, saved: Saved, stacks: Stacks, now: Described | None) -> None:
    """Check that the stack is as it was when the plan was made.

    Raises:
        StalePlan: it is not.
    """
    if stacks.basis(now) != plan.basis:
        status = now["StackStatus"] if now else "not there"
        raise StalePlan(f"{plan.target}: stack {saved.stack} changed since it was planned; it is {status} now")


@dataclass(frozen=True)
class Execution:
    """One apply. If the stack is recreated, it is created from `source`."""

    stacks: Stacks
    source: Source
    workspace: Workspace

    def carry_out(self, saved: Saved, stack: Described | None) -> Applied:
        """Execute the operation and wait for its end.

        Args:
            saved: the operation.
            stack: the stack as it is now; None if there is none.

        Raises:
            StalePlan: the change set is not the one that was planned.
            Unanswered: it did not finish within the unit's time limit.
        """
        since = self.stacks.latest(stack)
        try:
            if saved.operation == "delete":
                return self._delete(stack, since)
            if saved.operation == "recreate" and stack is not None:
                gone = self._delete(stack, since)
                if gone.outcome is not Outcome.SUCCEEDED:
                    return gone
                saved, since = self._created_anew(saved)
            self._begin(saved, stack)
        except StalePlan:
            raise
        except Refused as error:
            return Applied(Outcome.FAILED, detail=str(error))
        return self._finish(saved, since)

    def _created_anew(self, saved: Saved) -> tuple[Saved, str]:
        """Create the new stack's change set; return what to do with it, and the id of the stack's newest event."""
        made = self.stacks.compare(self.source, None, self.workspace.unit_digest)
        digest = digest_of(made["Changes"])
        saved = replace(saved, operation="execute", change_set=made["ChangeSetId"], digest=digest)
        return saved, self.stacks.latest(self.stacks.find(saved.stack))

    def _begin(self, saved: Saved, stack: Described | None) -> None:
        if saved.operation == "execute":
            if digest_of(self.stacks.describe(saved.change_set)["Changes"]) != saved.digest:
                raise StalePlan(f"{saved.stack}: its change set is not the one that was planned; plan again")
            if saved.rollback and stack is not None and self.stacks.policy(stack):
                self.stacks.set_policy(saved.stack, comparisons.ALLOW_ALL)
            self.stacks.execute(saved.change_set)
        if saved.operation == "continue":
            self.stacks.continue_rollback(saved.stack)

    def _finish(self, saved: Saved, since: str) -> Applied:
        begun = saved.operation in ("execute", "continue")
        stack = self.stacks.settled(saved.stack, self.workspace.unit.time_limit, since if begun else None)
        good = answers.GOOD if saved.operation == "execute" else answers.UPDATABLE
        if stack["StackStatus"] not in good:
            return self._failed(stack, since)
        try:
            self._set(saved, stack)
        except Refused as error:
            return Applied(Outcome.FAILED, detail=f"stack {saved.stack} is updated, but {error}")
        return Applied(Outcome.SUCCEEDED, answers.outputs(stack, self.source.secrets))

    def _delete(self, stack: Described | None, since: str) -> Applied:
        if stack is None:
            return Applied(Outcome.SUCCEEDED)
        self.stacks.delete(stack)
        ended = self.stacks.settled(stack["StackId"], self.workspace.unit.time_limit, since)
        if ended["StackStatus"] != "DELETE_COMPLETE":
            return self._failed(ended, since)
        return Applied(Outcome.SUCCEEDED)

    def _set(self, saved: Saved, stack: Described) -> None:
        """Set the stack policy and termination protection that the release wants."""
        now = self.stacks.policy(stack)
        policy = saved.policy or (comparisons.ALLOW_ALL if now else None)
        if policy is not None and policy != now:
            self.stacks.set_policy(stack["StackId"], policy)
        if bool(stack.get("EnableTerminationProtection")) != saved.protected:
            self.stacks.protect(stack["StackId"], saved.protected)

    def _failed(self, stack: Described, since: str) -> Applied:
        """Return the outcome with the first failure, the stack's status, and what a rollback is stuck on.

        If a resource failed because its service had a problem, that says nothing about the release.
        """
        status, name = stack["StackStatus"], stack["StackName"]
        first = self.stacks.first_failure(stack["StackId"], since)
        if first == answers.NO_REASON:
            # A deletion that an export in use prevents fails no resource: the stack is as before, with the reason.
            first = str(stack.get("StackStatusReason") or first)
        detail = f"{first}\nstack {name} is {status}"
        if status == "UPDATE_ROLLBACK_FAILED":
            detail += f": could not be rolled back: {names(self.stacks.resources(stack), '_FAILED')}"
        return Applied(errors.outcome_of(first), detail=str(answers.scrubbed(detail, self.source.secrets)))
