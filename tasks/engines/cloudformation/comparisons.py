"""Compare a stack with its source: create the change set, or decide what to do where none is possible.

Comparing changes nothing but the change set itself: CloudFormation can compute a plan in no other way.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tasks.domain.errors import Refused, Unanswered
from tasks.domain.plan import Action, Change, Reversibility
from tasks.domain.values import digest_of
from tasks.engines.base import Workspace
from tasks.engines.cloudformation import answers, exports, imports, losses, nesting, removals, values
from tasks.engines.cloudformation.documents import declared, document_of, is_hidden
from tasks.engines.cloudformation.plans import Saved
from tasks.engines.cloudformation.sources import Source
from tasks.engines.cloudformation.stacks import Described, Stacks, is_busy, names

ALLOW_ALL = {"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}
"""The policy that replaces a stack policy that is no longer wanted: a stack policy cannot be removed."""


_REMEDIES = {
    "UPDATE_FAILED": "rollback-stack",
    "UPDATE_ROLLBACK_FAILED": "continue-update-rollback",
}
"""State that a stack does not leave without an operator -> the command that resolves it (user guide, "Stack failure
options", and the API reference of RollbackStack and ContinueUpdateRollback).
"""


@dataclass(frozen=True)
class Comparison:
    """The content of a plan.

    Attributes:
        saved: what the apply does.
        changes: the changes of resources and settings.
        stack: the stack as described; None if there is none.
        warnings: what approvers should know.
        retained: addresses of resources that stay in the account.
        doubtful: addresses of resources that may be replaced.
        careful: whether something else makes it need care.
        outputs_only: no resource changes, but outputs may.
    """

    saved: Saved
    changes: tuple[Change, ...] = ()
    stack: Described | None = None
    warnings: tuple[str, ...] = ()
    retained: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    careful: bool = False
    outputs_only: bool = False

    def reversibility(self, protected: bool) -> Reversibility:
        """Return how far an apply can be undone. `protected` is the unit's."""
        found = losses.reversibility(self.changes, protected, doubtful=self.doubtful, retained=self.retained)
        return Reversibility.NEEDS_CARE if found is Reversibility.REVERSIBLE and self.careful else found


def compare(workspace: Workspace, source: Source, stacks: Stacks) -> Comparison:
    """Return what has to be done to bring the stack to its source.

    Raises:
        Refused: CloudFormation rejects the change set, the stack is stuck, or an export in use would be removed.
        Unanswered: another operation is in progress, or CloudFormation does not respond.
    """
    stack = stacks.find(source.stack)
    status = stack["StackStatus"] if stack else ""
    if stack is not None and is_busy(stack):
        raise Unanswered(
            f"stack {source.stack}: another operation is in progress ({status}); try again when it has ended"
        )
    if stack is not None and status in answers.NOT_MADE:
        return _recreation(workspace, source, stacks, stack)
    if stack is not None and status not in answers.UPDATABLE | {"REVIEW_IN_PROGRESS"}:
        raise Refused(_stuck(source, stacks, stack))
    if stack is not None:
        stacks.tidy(stack)
    return _change_set(workspace, source, stacks, stack)


def _stuck(source: Source, stacks: Stacks, stack: Described) -> str:
    """Return a message that names the failed resources of a stuck stack and the command that resolves its state."""
    command = _REMEDIES.get(stack["StackStatus"], "describe-stack-events")
    # A rollback continues CloudFormation's own. It can do nothing in the other states.
    ours = "roll the release back, or " if stack["StackStatus"] == "UPDATE_ROLLBACK_FAILED" else ""
    advice = f"{ours}fix them and run: aws cloudformation {command} --stack-name {source.stack}"
    failed = names(stacks.resources(stack), "_FAILED")
    return f"stack {source.stack} is {stack['StackStatus']}, stuck on {failed}; {advice}"


def _change_set(workspace: Workspace, source: Source, stacks: Stacks, stack: Described | None) -> Comparison:
    if stack is not None and stack["StackStatus"] != "REVIEW_IN_PROGRESS":
        staying = values.exports(source.document, source.parameters, _pseudo(workspace, source))
        exports.refuse_removal(stacks, stack, staying)
    described = _described(workspace, source, stacks, stack)
    settings = _settings(source, stacks, stack)
    if answers.is_no_op(described):
        return Comparison(Saved("settings", source.stack, source.parameters), settings, stack)
    items = described["Changes"]
    if stack is not None and not items and _is_as_released(source, stacks, stack):
        stacks.forget(described["ChangeSetId"])
        return Comparison(Saved("settings", source.stack, source.parameters), settings, stack)
    inside = removals.inside(items, stacks, _pseudo(workspace, source), source.secrets)
    changes = answers.changes(items, answers.Context(_tags(stack), source.tags, source.secrets))
    doubts, doubtful = answers.doubts(items), losses.in_doubt(items)
    uncertain = exports.uncertain(stacks, stack, source.document, changes, doubtful) if stack is not None else ()
    return Comparison(
        saved=Saved("execute", source.stack, source.parameters, described["ChangeSetId"], digest_of(items)),
        changes=(*changes, *inside.changes, *settings),
        stack=stacks.find(source.stack),
        warnings=(*doubts, *uncertain, *answers.kept(items), *inside.kept, *_after_import(changes)),
        retained=(*answers.retained(items), *inside.retained, *_kept_in_doubt(source, doubtful)),
        doubtful=doubtful,
        careful=bool(doubts),
        outputs_only=not changes,
    )


def _kept_in_doubt(source: Source, doubtful: Collection[str]) -> tuple[str, ...]:
    """Return those that stay in the account if they are replaced: change sets do not say it of what may be."""
    bodies = source.document["Resources"]
    policies = {name: bodies[name].get("UpdateReplacePolicy") for name in doubtful if name in bodies}
    return tuple(name for name, policy in policies.items() if policy in ("Retain", "Snapshot"))


def _described(workspace: Workspace, source: Source, stacks: Stacks, stack: Described | None) -> Described:
    try:
        return stacks.compare(source, stack, workspace.unit_digest)
    except Refused as error:
        if any(told in str(error) for told in imports.ALONE_IN_WORDS):
            raise Refused(f"{error}; {imports.ALONE}") from error
        raise


def _after_import(changes: Collection[Change]) -> tuple[str, ...]:
    """Warn that differences of imported resources show only as drift: CloudFormation does not compare them."""
    found = ", ".join(change.address for change in changes if change.action is Action.IMPORT)
    told = "is imported as it is: where it differs from the template, drift detection says so after the apply"
    return (f"{found} {told}",) if found else ()


def _is_as_released(source: Source, stacks: Stacks, stack: Described) -> bool:
    """Tell whether a change set exists only because CloudFormation lists every nested stack as modified."""
    given, slots = _given(stack), declared(source.document)
    same = all(
        value is None or is_hidden(slots[name]) or given.get(name) == value
        for name, value in source.parameters.items()
    )
    return nesting.has_nested(source.document) and same and _has_template(source, stacks, stack)


def _has_template(source: Source, stacks: Stacks, stack: Described) -> bool:
    """Tell whether the stack has the source's template. boto3 returns JSON parsed, so texts cannot be compared."""
    return document_of(stacks.template(stack)) == document_of(source.text)


def _recreation(workspace: Workspace, source: Source, stacks: Stacks, stack: Described) -> Comparison:
    """Plan to delete a stack that a failed create or delete left behind, with all that is still in it.

    Then it is created from its template. A resource that is there and comes again is replaced.
    """
    gone = deletion(workspace, source, stacks, stack)
    found = values.resources(source.document, source.parameters, _pseudo(workspace, source))
    there = {change.address: change for change in gone.changes}
    new = tuple(
        Change(name, declared.kind, Action.CREATE, None, _properties(declared, source))
        for name, declared in found.items()
    )
    again = tuple(_replaced(there[each.address], each) if each.address in there else each for each in new)
    lost = tuple(change for change in gone.changes if change.address not in found)
    status = stack["StackStatus"]
    why = "" if status == "DELETE_FAILED" else " since its create failed"
    left = f"stack {source.stack} is {status}{why}: it is deleted first"
    saved = replace(gone.saved, operation="recreate")
    return replace(gone, saved=saved, changes=(*lost, *again), warnings=(left, *gone.warnings))


def _replaced(there: Change, new: Change) -> Change:
    return replace(new, action=Action.REPLACE, before=there.before)


def deletion(workspace: Workspace, source: Source, stacks: Stacks, stack: Described | None) -> Comparison:
    """Plan to delete the stack with everything in it, except what its template retains.

    Raises:
        Refused: another stack imports one of its exports.
    """
    if stack is None:
        return Comparison(Saved("delete", source.stack, source.parameters))
    exports.refuse_removal(stacks, stack, ())
    found = removals.of_stack(stacks, stack, _pseudo(workspace, source), source.secrets)
    saved = Saved("delete", source.stack, source.parameters)
    return Comparison(saved, found.changes, stack, found.kept, retained=found.retained)


def continuation(source: Source, stacks: Stacks, stack: Described) -> Comparison:
    """Plan to continue CloudFormation's own rollback, which ends at the stack's earlier template."""
    stuck = [found for found in stacks.resources(stack) if found["ResourceStatus"].endswith("_FAILED")]
    changes = tuple(Change(f["LogicalResourceId"], f["ResourceType"], Action.UPDATE, {}, {}) for f in stuck)
    why = f"{stack.get('StackStatusReason', '')} CloudFormation's rollback of {source.stack} is continued".strip()
    return Comparison(
        Saved("continue", source.stack, source.parameters), changes, stack, (why,), outputs_only=not changes
    )


def _settings(source: Source, stacks: Stacks, stack: Described | None) -> tuple[Change, ...]:
    """Return differing stack policy and termination protection of an existing stack: change sets do not show them."""
    if stack is None or stack["StackStatus"] == "REVIEW_IN_PROGRESS":
        return ()
    before = {
        "EnableTerminationProtection": bool(stack.get("EnableTerminationProtection")),
        "StackPolicy": stacks.policy(stack) or ALLOW_ALL,
    }
    after = {
        "EnableTerminationProtection": source.protected,
        "StackPolicy": source.policy or ALLOW_ALL,
    }
    change = Change(source.stack, answers.STACK, Action.UPDATE, before, after)
    return (change,) if change.attributes else ()


def differences(workspace: Workspace, source: Source, stacks: Stacks, stack: Described) -> tuple[Change, ...]:
    """Return what bringing the stack to its source would change. The change set is deleted again.

    Changes that exist only because a Systems Manager parameter has a new value are left out: nobody changed the
    stack.
    """
    described = stacks.compare(source, stack, workspace.unit_digest)
    settings = _settings(source, stacks, stack)
    if answers.is_no_op(described):
        return settings
    stacks.forget(described["ChangeSetId"])
    items = described["Changes"]
    if not items and _is_as_released(source, stacks, stack):
        return settings
    moved = answers.moved(items, source.moving)
    found = answers.changes(items, answers.Context(_tags(stack), source.tags, source.secrets))
    staying = tuple(change for change in found if change.address not in moved)
    if staying or moved or (source.moving and _has_template(source, stacks, stack)):
        return (*staying, *settings)
    outputs = Change(source.stack, answers.STACK, Action.UPDATE, {"Outputs": "others"}, {"Outputs": "as released"})
    return settings or (outputs,)


def _properties(declared: values.Declared, source: Source) -> Mapping[str, Any]:
    properties: dict[str, Any] = answers.scrubbed(declared.properties, source.secrets)
    return {**properties, "tags_all": dict(source.tags)}


def _tags(stack: Described | None) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in (stack or {}).get("Tags", ())}


def _given(stack: Described) -> dict[str, str | None]:
    return {p["ParameterKey"]: p.get("ParameterValue") for p in stack.get("Parameters", ())}


def _pseudo(workspace: Workspace, source: Source) -> dict[str, str]:
    environment = workspace.environment
    partition, suffix = values.partition_of(environment.region)
    return {
        "AWS::AccountId": environment.account,
        "AWS::Partition": partition,
        "AWS::Region": environment.region,
        "AWS::StackName": source.stack,
        "AWS::URLSuffix": suffix,
    }
