"""Query, change and await stacks through CloudFormation's API. No decisions are made here.

Every call turns boto3's errors into ours. Operations that take CloudFormation some time are awaited with a limit.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any
from uuid import uuid4

import structlog

from tasks import aws
from tasks.domain.errors import FlowmartError, Refused, StalePlan, Unanswered
from tasks.domain.values import digest_of
from tasks.engines.cloudformation import answers, detection, errors, imports, nesting
from tasks.engines.cloudformation.documents import document_of
from tasks.engines.cloudformation.packaging import Package
from tasks.engines.cloudformation.sources import Source

log = structlog.get_logger("flowmart.cloudformation")

Described = Mapping[str, Any]

_OURS = "flowmart-"
"""Prefix of the names of our change sets."""

_STALE_AFTER = timedelta(days=1)
"""Our change sets older than this belong to a run that is over. Executing one makes AWS delete the others."""

_SECONDS = 600.0
"""The limit for creating a change set or detecting drift: it takes minutes for hundreds of resources."""


class Stacks:
    """The stacks of one environment, accessed with the credentials in `variables`."""

    def __init__(self, variables: Mapping[str, str], sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = aws.client_with("cloudformation", variables)
        self._bucket = aws.client_with("s3", variables)
        self._sleep = sleep

    def find(self, name: str) -> Described | None:
        """Return the stack with this name or id; None if there is none. An id also finds a deleted stack."""
        try:
            found: Described = self._client.describe_stacks(StackName=name)["Stacks"][0]
        except aws.AWS_ERRORS as error:
            if errors.is_absent(error):
                return None
            raise errors.explained(error, f"describe stack {name}") from error
        return found

    def basis(self, stack: Described | None) -> str:
        """Return a text that changes whenever the stack, its template or its settings do; empty without a stack."""
        if stack is None:
            return ""
        at = stack.get("LastUpdatedTime") or stack["CreationTime"]
        parts = [stack["StackId"], at.isoformat(), stack["StackStatus"]]
        said = [stack.get("Parameters"), stack.get("Tags"), stack.get("EnableTerminationProtection")]
        return "/".join([*parts, digest_of([self.template(stack), said])])

    def template(self, stack: Described) -> str:
        """Return the original template; empty for a stack that was only reviewed and never created."""
        if stack["StackStatus"] == "REVIEW_IN_PROGRESS":
            return ""
        found = self._ask("get_template", StackName=stack["StackId"], TemplateStage="Original")["TemplateBody"]
        return found if isinstance(found, str) else json.dumps(found)

    def document(self, stack: Described) -> Mapping[str, Any]:
        """Return the stack's template after its macros ran: SAM and Fn::ForEach have become resources."""
        found = self._ask("get_template", StackName=stack["StackId"], TemplateStage="Processed")["TemplateBody"]
        return document_of(found if isinstance(found, str) else json.dumps(found))

    def policy(self, stack: Described) -> Mapping[str, Any] | None:
        """Return the stack policy; None if there is none."""
        body = self._ask("get_stack_policy", StackName=stack["StackId"]).get("StackPolicyBody")
        found: Mapping[str, Any] | None = json.loads(body) if body else None
        return found

    def importers(self, export: str) -> list[str]:
        """Return the stacks of the account and region that import an export."""
        try:
            pages = self._client.get_paginator("list_imports").paginate(ExportName=export)
            return [str(stack) for page in pages for stack in page["Imports"]]
        except aws.AWS_ERRORS as error:
            if errors.is_not_imported(error):
                return []
            raise errors.explained(error, f"list what imports {export}") from error

    def resources(self, stack: Described) -> list[Described]:
        """Return the stack's present resources; deleted ones are left out."""
        pages = self._pages("list_stack_resources", "StackResourceSummaries", StackName=stack["StackId"])
        return [found for found in pages if found["ResourceStatus"] != "DELETE_COMPLETE"]

    def validate(self, package: Package) -> None:
        """Let CloudFormation validate the template.

        Raises:
            Refused: it is not a valid template.
        """
        self._ask("validate_template", **self._sent(package))

    def compare(self, source: Source, stack: Described | None, digest: str) -> Described:
        """Create a change set and return its description with all changes, even if it is empty (`answers.is_no_op`).

        It imports resources if imports are pending; otherwise it creates or updates the stack.

        Args:
            source: the template, parameters and tags.
            stack: the existing stack; None to create one.
            digest: the digest of the source, for the change set's description.

        Raises:
            Refused: the change set failed for another reason than that nothing changes.
            Unanswered: CloudFormation does not respond in time.
        """
        there = self.resources(stack) if stack is not None and source.imports else ()
        pending = imports.pending(source.imports, source.document, there)
        token = uuid4().hex
        made = self._ask(
            "create_change_set",
            StackName=source.stack,
            ChangeSetName=f"{_OURS}{token}",
            # A request that timed out is repeated: without the token, the name would be taken.
            ClientToken=token,
            Description=f"digest of the source: {digest}",
            **self._sent(source.package),
            Parameters=[_parameter(key, value) for key, value in source.parameters.items()],
            Tags=[{"Key": key, "Value": value} for key, value in source.tags.items()],
            Capabilities=list(source.capabilities),
            **imports.arguments(pending, source.document, fresh=_is_new(stack), by_name=source.import_existing),
        )
        described = self._awaited(lambda: self.describe(made["Id"]), "Status", ("CREATE_COMPLETE", "FAILED"))
        if described["Status"] == "FAILED":
            # Deleting the change set also deletes its nested ones, with their reasons.
            why = self._refusal(described)
            self.forget(made["Id"])
            if not answers.is_no_op(described):
                raise Refused(f"{source.stack}: {why}")
        return described

    def _refusal(self, described: Described) -> str:
        """Return why a change set failed; for a nested one, its own reason and its stack's path."""
        reason = str(described.get("StatusReason") or answers.NO_REASON)
        if errors.is_invalid(reason):
            return self._invalid(described, reason)
        child = nesting.failed_change_set(reason)
        if child is None:
            return reason
        found = self.describe(child)
        return f"nested stack {found['StackName']}: {self._refusal(found)}"

    def _invalid(self, described: Described, reason: str) -> str:
        """Return what CloudFormation's validation has against a change set; the bare reason if that is unknown."""
        which = {"StackName": described["StackId"], "ChangeSetName": described["ChangeSetId"]}
        try:
            events = [*self._pages("describe_events", "OperationEvents", **which, Filters={"FailedEvents": True})]
        except Refused as error:
            return f"{reason} ({error})"
        return "; ".join(errors.invalidities(events)) or reason

    def _sent(self, package: Package) -> dict[str, str]:
        """Return how to pass a template: in the request, or through its bucket together with what it needs there."""
        for key, content in package.uploads.items():
            with aws.asking(f"write s3://{package.bucket}/{key}"):
                self._bucket.put_object(Bucket=package.bucket, Key=key, Body=content)
        return {"TemplateURL": package.url} if package.url else {"TemplateBody": package.text}

    def describe(self, change_set: str) -> Described:
        """Return a change set with all its changes and their values, nested ones included.

        Raises:
            StalePlan: the change set does not exist any more.
        """
        try:
            pages = self._client.get_paginator("describe_change_set")
            found = list(pages.paginate(ChangeSetName=change_set, IncludePropertyValues=True))
        except aws.AWS_ERRORS as error:
            raise errors.explained(error, f"describe change set {change_set}") from error
        changes = [change for page in found for change in page.get("Changes", ())]
        return {**found[0], "Changes": nesting.flattened(changes, self.describe)}

    def forget(self, change_set: str) -> None:
        """Delete a change set."""
        self._ask("delete_change_set", ChangeSetName=change_set)

    def tidy(self, stack: Described) -> None:
        """Delete our change sets that earlier runs left behind."""
        until = datetime.now(UTC) - _STALE_AFTER
        for found in self._pages("list_change_sets", "Summaries", StackName=stack["StackId"]):
            if found["ChangeSetName"].startswith(_OURS) and found["CreationTime"] < until:
                self.forget(found["ChangeSetId"])

    def execute(self, change_set: str) -> None:
        """Start to execute a change set.

        Raises:
            StalePlan: the change set can no longer be executed.
            Unanswered: the execution may have started.
        """
        try:
            self._client.execute_change_set(ChangeSetName=change_set, ClientRequestToken=uuid4().hex)
        except aws.AWS_ERRORS as error:
            raise errors.explained_execution(error, f"execute change set {change_set}") from error

    def continue_rollback(self, stack: str) -> None:
        """Start to continue a rollback that failed."""
        self._act("continue_update_rollback", StackName=stack)

    def delete(self, stack: Described) -> None:
        """Remove the stack's termination protection, if it has any, and start to delete it."""
        if stack.get("EnableTerminationProtection"):
            self.protect(stack["StackId"], False)
        self._act("delete_stack", StackName=stack["StackId"])

    def protect(self, stack: str, protected: bool) -> None:
        """Turn termination protection on or off."""
        self._ask("update_termination_protection", StackName=stack, EnableTerminationProtection=protected)

    def set_policy(self, stack: str, policy: Mapping[str, Any]) -> None:
        """Set the stack policy."""
        self._ask("set_stack_policy", StackName=stack, StackPolicyBody=json.dumps(policy))

    def settled(self, stack_id: str, seconds: float, since: str | None = None) -> Described:
        """Wait until no operation is in progress, log new events meanwhile, and return the stack.

        Args:
            stack_id: the stack's id, or its name.
            seconds: how long to wait.
            since: the id of the newest event before the operation was requested. An operation starts some time after
                the call, so the stack counts as busy until there is a newer event. None: no operation was requested.

        Raises:
            Unanswered: an operation is still in progress after that time.
            Refused: the stack does not exist any more.
        """
        until, logged = time.monotonic() + seconds, since or ""
        while True:
            found, fresh = self._patiently(stack_id, logged, until)
            if not is_busy(found) and (fresh or logged != since):
                return found
            if time.monotonic() > until:
                raise Unanswered(f"stack {found['StackName']}: still {found['StackStatus']} after {seconds:g} s")
            logged = _log_progress(found, fresh) or logged
            self._sleep(2.0)

    def latest(self, stack: Described | None) -> str:
        """Return the id of the stack's newest event. An id, because our clock and CloudFormation's may differ."""
        if stack is None:
            return ""
        newest = self._ask("describe_stack_events", StackName=stack["StackId"])["StackEvents"][:1]
        return str(newest[0]["EventId"]) if newest else ""

    def events(self, stack_id: str, after: str) -> list[Described]:
        """Return the stack's events after the event with this id, oldest first."""
        found = self._pages("describe_stack_events", "StackEvents", StackName=stack_id)
        return list(takewhile(lambda event: event["EventId"] != after, found))[::-1]

    def first_failure(self, stack_id: str, since: str) -> str:
        """Return why a change failed that started after this event; for a nested stack, why its resource failed."""
        own = self.events(stack_id, since)
        begun = own[0]["Timestamp"] if own else None

        def events(each: str) -> list[Described]:
            if each == stack_id:
                return own
            return [event for event in self.events(each, "") if begun is None or event["Timestamp"] >= begun]

        return nesting.first_failure(stack_id, events)

    def drifts(self, stack: Described) -> list[Described]:
        """Detect drift and return a result for each resource, nested stacks included; see `detection`."""
        there = self.resources(stack)
        found = {each["LogicalResourceId"]: [each] for each in self._drifts(stack, there)}
        for nested in (each for each in there if each["ResourceType"] == answers.STACK):
            name, child = nested["LogicalResourceId"], self.find(nested["PhysicalResourceId"])
            # A stack is found by its id even after its deletion.
            gone = child is None or child["StackStatus"] == "DELETE_COMPLETE"
            found[name] = [detection.deleted(nested)] if gone else nesting.below(name, self.drifts(child or {}))
        return [each for results in found.values() for each in results]

    def _drifts(self, stack: Described, there: Sequence[Described]) -> list[Described]:
        name = stack["StackId"]
        if stack["StackStatus"] not in detection.DETECTABLE:
            why = f"CloudFormation detects no drift in the state {stack['StackStatus']}"
            ended: Described = {"DetectionStatus": "DETECTION_COMPLETE", "DetectionStatusReason": why}
            return detection.completed((), there, ended)
        begun = self._ask("detect_stack_drift", StackName=name)["StackDriftDetectionId"]
        ask = lambda: self._ask("describe_stack_drift_detection_status", StackDriftDetectionId=begun)  # noqa: E731
        ended = self._awaited(ask, "DetectionStatus", ("DETECTION_COMPLETE", "DETECTION_FAILED"))
        found = self._pages("describe_stack_resource_drifts", "StackResourceDrifts", StackName=name)
        return detection.completed(found, there, ended)

    def _patiently(self, stack_id: str, after: str, until: float) -> tuple[Described, list[Described]]:
        """Return the stack and its new events. Reading is retried, because the operation continues without us."""
        while True:
            try:
                found = self.find(stack_id)
                if found is None:
                    raise Refused(f"stack {stack_id} does not exist any more")
                return found, self.events(found["StackId"], after)
            except Unanswered:
                if time.monotonic() > until:
                    raise
                self._sleep(2.0)

    def _awaited(self, ask: Callable[[], Described], key: str, ends: Sequence[str]) -> Described:
        until, pause = time.monotonic() + _SECONDS, 0.2
        while (found := ask())[key] not in ends:
            if time.monotonic() > until:
                raise Unanswered(f"CloudFormation: still {found[key]} after {_SECONDS:g} s")
            self._sleep(pause)
            pause = min(pause * 2, 5.0)
        return found

    def _ask(self, operation: str, **arguments: Any) -> Described:
        return self._called(operation, arguments, Unanswered)

    def _act(self, operation: str, **arguments: Any) -> None:
        """Begin to change a stack. If somebody else has begun to, the plan is stale."""
        self._called(operation, {**arguments, "ClientRequestToken": uuid4().hex}, StalePlan)

    def _called(self, operation: str, arguments: Mapping[str, Any], busy: type[FlowmartError]) -> Described:
        try:
            with aws.asking(f"{operation.replace('_', ' ')} {arguments.get('StackName', '')}".strip()):
                found: Described = getattr(self._client, operation)(**arguments)
        except Refused as error:
            if errors.is_busy(error.__cause__):
                raise busy(f"{error}; try again when it has ended") from error
            raise
        return found

    def _pages(self, operation: str, key: str, **arguments: Any) -> Iterator[Described]:
        token: dict[str, str] = {}
        while True:
            page = self._ask(operation, **arguments, **token)
            yield from page[key]
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}


def is_busy(stack: Described) -> bool:
    """Tell whether CloudFormation is working on the stack."""
    return is_busy_status(stack["StackStatus"])


def _is_new(stack: Described | None) -> bool:
    return stack is None or stack["StackStatus"] == "REVIEW_IN_PROGRESS"


def is_busy_status(status: str) -> bool:
    """Tell whether a state ends without anybody acting. REVIEW_IN_PROGRESS does not: it waits for an operator."""
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


def _log_progress(stack: Described, events: Sequence[Described]) -> str:
    """Log the events that ended an action, as progress for whoever waits; return the id of the newest event."""
    ended = [event for event in events if not is_busy_status(event["ResourceStatus"])]
    if ended:
        what = ", ".join(f"{event['LogicalResourceId']} {event['ResourceStatus']}" for event in ended)
        log.info("in progress", stack=stack["StackName"], what=what)
    return str(events[-1]["EventId"]) if events else ""


def names(resources: Iterable[Described], status: str) -> str:
    """Return the logical ids of the resources whose status has this ending, joined by commas."""
    return ", ".join(r["LogicalResourceId"] for r in resources if r["ResourceStatus"].endswith(status)) or "unknown"


def _parameter(key: str, value: str | None) -> dict[str, Any]:
    return {"ParameterKey": key, **({"UsePreviousValue": True} if value is None else {"ParameterValue": value})}
