"""Stacks as CloudFormation's API has them: asked, changed and waited for. Nothing is decided here.

Every call turns boto3's errors into ours. What takes CloudFormation its time is waited for with a limit.
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
from tasks.domain.errors import Refused, Unanswered
from tasks.domain.values import digest_of
from tasks.engines.cloudformation import answers, errors, imports, nesting
from tasks.engines.cloudformation.documents import document_of
from tasks.engines.cloudformation.packaging import Package
from tasks.engines.cloudformation.sources import Source

log = structlog.get_logger("flowmart.cloudformation")

Described = Mapping[str, Any]

_OURS = "flowmart-"
"""How the names of our change sets begin."""

_STALE_AFTER = timedelta(days=1)
"""An older change set of ours belongs to a run that is over. When one is executed AWS itself drops the others."""

_SECONDS = 600.0
"""How long making a change set or a drift detection may take: minutes, for hundreds of resources."""


class Stacks:
    """The stacks of one environment, reached with the credentials in `variables`."""

    def __init__(self, variables: Mapping[str, str], sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = aws.client_with("cloudformation", variables)
        self._bucket = aws.client_with("s3", variables)
        self._sleep = sleep

    def find(self, name: str) -> Described | None:
        """The stack of that name, or of that id also after its end; None when there is none."""
        try:
            found: Described = self._client.describe_stacks(StackName=name)["Stacks"][0]
        except aws.AWS_ERRORS as error:
            if errors.is_absent(error):
                return None
            raise errors.explained(error, f"describe stack {name}") from error
        return found

    def basis(self, stack: Described | None) -> str:
        """Changes whenever somebody does anything to the stack."""
        if stack is None:
            return ""
        at = stack.get("LastUpdatedTime") or stack["CreationTime"]
        parts = [stack["StackId"], at.isoformat(), stack["StackStatus"]]
        said = [stack.get("Parameters"), stack.get("Tags"), stack.get("EnableTerminationProtection")]
        return "/".join([*parts, digest_of([self.template(stack), said])])

    def template(self, stack: Described) -> str:
        """The template as it was given; empty for a stack that was never more than reviewed."""
        if stack["StackStatus"] == "REVIEW_IN_PROGRESS":
            return ""
        found = self._ask("get_template", StackName=stack["StackId"], TemplateStage="Original")["TemplateBody"]
        return found if isinstance(found, str) else json.dumps(found)

    def document(self, stack: Described) -> Mapping[str, Any]:
        """The stack's template, parsed, as macros left it: SAM and Fn::ForEach are resources there."""
        found = self._ask("get_template", StackName=stack["StackId"], TemplateStage="Processed")["TemplateBody"]
        return document_of(found if isinstance(found, str) else json.dumps(found))

    def policy(self, stack: Described) -> Mapping[str, Any] | None:
        """The stack policy."""
        body = self._ask("get_stack_policy", StackName=stack["StackId"]).get("StackPolicyBody")
        found: Mapping[str, Any] | None = json.loads(body) if body else None
        return found

    def importers(self, export: str) -> list[str]:
        """The stacks of the account and region that import an export."""
        try:
            pages = self._client.get_paginator("list_imports").paginate(ExportName=export)
            return [str(stack) for page in pages for stack in page["Imports"]]
        except aws.AWS_ERRORS as error:
            if errors.is_not_imported(error):
                return []
            raise errors.explained(error, f"list what imports {export}") from error

    def resources(self, stack: Described) -> list[Described]:
        """The resources that the stack has now."""
        pages = self._pages("list_stack_resources", "StackResourceSummaries", StackName=stack["StackId"])
        return [found for found in pages if found["ResourceStatus"] != "DELETE_COMPLETE"]

    def validate(self, package: Package) -> None:
        """`Refused` when it is not a template."""
        self._ask("validate_template", **self._sent(package))

    def compare(self, source: Source, stack: Described | None, digest: str) -> Described:
        """Make a change set and describe it, all pages in one: whether it is good, `is_no_op`, or `Refused`.

        It imports what is still to be imported, or else creates or updates.
        """
        there = self.resources(stack) if stack is not None and source.imports else ()
        pending = imports.pending(source.imports, source.document, there)
        made = self._ask(
            "create_change_set",
            StackName=source.stack,
            ChangeSetName=f"{_OURS}{uuid4().hex}",
            Description=f"digest of the source: {digest}",
            **self._sent(source.package),
            Parameters=[_parameter(key, value) for key, value in source.parameters.items()],
            Tags=[{"Key": key, "Value": value} for key, value in source.tags.items()],
            Capabilities=list(source.capabilities),
            **imports.arguments(pending, source.document, fresh=_is_new(stack), by_name=source.import_existing),
        )
        described = self._awaited(lambda: self.describe(made["Id"]), "Status", ("CREATE_COMPLETE", "FAILED"))
        if described["Status"] == "FAILED":
            # Nested change sets go with this one, and their reasons with them.
            why = self._refusal(described)
            self.forget(made["Id"])
            if not answers.is_no_op(described):
                raise Refused(f"{source.stack}: {why}")
        return described

    def _refusal(self, described: Described) -> str:
        """Why a change set failed: of a nested one its own reason, by the path of its stack."""
        reason = str(described.get("StatusReason") or answers.NO_REASON)
        child = nesting.failed_change_set(reason)
        if child is None:
            return reason
        found = self.describe(child)
        return f"nested stack {found['StackName']}: {self._refusal(found)}"

    def _sent(self, package: Package) -> dict[str, str]:
        """How a template is handed over: in the request, or through its bucket with all that belongs to it."""
        for key, content in package.uploads.items():
            with aws.asking(f"write s3://{package.bucket}/{key}"):
                self._bucket.put_object(Bucket=package.bucket, Key=key, Body=content)
        return {"TemplateURL": package.url} if package.url else {"TemplateBody": package.text}

    def describe(self, change_set: str) -> Described:
        """A change set with all its changes and their values; `StalePlan` when it is not there any more."""
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
        """Delete change sets of ours that were left behind."""
        until = datetime.now(UTC) - _STALE_AFTER
        for found in self._pages("list_change_sets", "Summaries", StackName=stack["StackId"]):
            if found["ChangeSetName"].startswith(_OURS) and found["CreationTime"] < until:
                self.forget(found["ChangeSetId"])

    def execute(self, change_set: str) -> None:
        """Begin to execute it; `StalePlan` when that is no longer possible, `Unanswered` when it may have begun."""
        try:
            self._client.execute_change_set(ChangeSetName=change_set, ClientRequestToken=uuid4().hex)
        except aws.AWS_ERRORS as error:
            raise errors.explained_execution(error, f"execute change set {change_set}") from error

    def continue_rollback(self, stack: str) -> None:
        """Begin to go on with a rollback that failed."""
        self._ask("continue_update_rollback", StackName=stack)

    def delete(self, stack: Described) -> None:
        """Lift the protection from deletion where there is one, and begin to delete."""
        if stack.get("EnableTerminationProtection"):
            self.protect(stack["StackId"], False)
        self._ask("delete_stack", StackName=stack["StackId"])

    def protect(self, stack: str, protected: bool) -> None:
        """Switch the protection from deletion."""
        self._ask("update_termination_protection", StackName=stack, EnableTerminationProtection=protected)

    def set_policy(self, stack: str, policy: Mapping[str, Any]) -> None:
        """Set the stack policy."""
        self._ask("set_stack_policy", StackName=stack, StackPolicyBody=json.dumps(policy))

    def settled(self, stack_id: str, seconds: float, since: str | None = None) -> Described:
        """The stack once nobody is at work on it. Meanwhile new events are logged.

        Args:
            stack_id: the stack's id, or its name.
            seconds: how long to wait.
            since: the event with which nothing had begun yet: what was asked for begins some time after the call, so
                the stack counts as being worked on until there is another one. None: nothing was asked for.

        Raises:
            Unanswered: when it is still being worked on.
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
        """The id of the newest event of a stack; our clock and CloudFormation's need not agree."""
        if stack is None:
            return ""
        newest = self._ask("describe_stack_events", StackName=stack["StackId"])["StackEvents"][:1]
        return str(newest[0]["EventId"]) if newest else ""

    def events(self, stack_id: str, after: str) -> list[Described]:
        """What happened to the stack after the event of that id, oldest first."""
        found = self._pages("describe_stack_events", "StackEvents", StackName=stack_id)
        return list(takewhile(lambda event: event["EventId"] != after, found))[::-1]

    def first_failure(self, stack_id: str, since: str) -> str:
        """Why a change failed that began after the event of that id; of a nested stack, why its resource did."""
        own = self.events(stack_id, since)
        begun = own[0]["Timestamp"] if own else None

        def events(each: str) -> list[Described]:
            if each == stack_id:
                return own
            return [event for event in self.events(each, "") if begun is None or event["Timestamp"] >= begun]

        return nesting.first_failure(stack_id, events)

    def drifts(self, stack: Described) -> list[Described]:
        """What CloudFormation's drift detection finds of each resource, those of nested stacks included."""
        found = self._drifts(stack)
        for nested in (each for each in self.resources(stack) if each["ResourceType"] == answers.STACK):
            if child := self.find(nested["PhysicalResourceId"]):
                found = [each for each in found if each["LogicalResourceId"] != nested["LogicalResourceId"]]
                found += nesting.below(nested["LogicalResourceId"], self.drifts(child))
        return found

    def _drifts(self, stack: Described) -> list[Described]:
        name = stack["StackId"]
        detection = self._ask("detect_stack_drift", StackName=name)["StackDriftDetectionId"]
        ask = lambda: self._ask("describe_stack_drift_detection_status", StackDriftDetectionId=detection)  # noqa: E731
        ended = self._awaited(ask, "DetectionStatus", ("DETECTION_COMPLETE", "DETECTION_FAILED"))
        found = list(self._pages("describe_stack_resource_drifts", "StackResourceDrifts", StackName=name))
        if ended["DetectionStatus"] == "DETECTION_FAILED" and not found:
            raise Unanswered(f"drift of stack {stack['StackName']}: {ended.get('DetectionStatusReason')}")
        return found

    def _patiently(self, stack_id: str, after: str, until: float) -> tuple[Described, list[Described]]:
        """The stack and its new events. A stack that is worked on goes on whether or not we can read it."""
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
        with aws.asking(f"{operation.replace('_', ' ')} {arguments.get('StackName', '')}".strip()):
            found: Described = getattr(self._client, operation)(**arguments)
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
    """Whether CloudFormation is at work on the stack."""
    return is_busy_status(stack["StackStatus"])


def _is_new(stack: Described | None) -> bool:
    return stack is None or stack["StackStatus"] == "REVIEW_IN_PROGRESS"


def is_busy_status(status: str) -> bool:
    """All states that end by themselves; a stack in review waits for somebody."""
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


def _log_progress(stack: Described, events: Sequence[Described]) -> str:
    """One line for what ended meanwhile, so that whoever waits sees progress; the id of the newest event."""
    ended = [event for event in events if not is_busy_status(event["ResourceStatus"])]
    if ended:
        what = ", ".join(f"{event['LogicalResourceId']} {event['ResourceStatus']}" for event in ended)
        log.info("in progress", stack=stack["StackName"], what=what)
    return str(events[-1]["EventId"]) if events else ""


def names(resources: Iterable[Described], status: str) -> str:
    """The logical ids of the resources whose status ends so."""
    return ", ".join(r["LogicalResourceId"] for r in resources if r["ResourceStatus"].endswith(status)) or "unknown"


def _parameter(key: str, value: str | None) -> dict[str, Any]:
    return {"ParameterKey": key, **({"UsePreviousValue": True} if value is None else {"ParameterValue": value})}
