"""What a template goes through: planned, created, found unchanged, updated, drifted, deleted; all by the engine."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from deployments.sandbox import Sandbox
from deployments.sandbox.aws_server.cloudformation.kinds import Made
from deployments.sandbox.aws_server.cloudformation.resources import KINDS
from tasks.domain.errors import FlowmartError
from tasks.domain.outcome import Outcome
from tasks.domain.plan import Plan
from tasks.domain.platform import Unit
from tasks.domain.release import Inputs, Receipt, Target
from tasks.engines.base import Workspace
from tasks.engines.cloudformation.engine import ENGINE
from tests.platforms.images import as_role
from tests.platforms.workspaces import workspace
from tests.public_templates.platform import ENVIRONMENT
from tests.public_templates.templates import PublicTemplate
from tests.public_templates.values import BUCKET, Neighbours, bring_about, values_for

_CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_FILE = "the-public-one.yaml"
_UNIT = Unit("public", "cloudformation", "stack", (ENVIRONMENT,), options={"template": _FILE}, time_limit=60)
_NOT_EMULATED = "the sandbox does not emulate "


class End(Enum):
    """How a template's story ends."""

    THROUGH = "went through"
    NOT_EMULATED = "not emulated"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True)
class Told:
    """The end of a template's story: at which step, and why it went no further."""

    end: End
    step: str = ""
    why: str = ""


class Failed(Exception):
    """A step did not do what it is for."""


class Story:
    """One template, as the only unit of the environment; a stack of its own name, so that nothing is left over."""

    def __init__(
        self, template: PublicTemplate, sandbox: Sandbox, there: Neighbours, folder: Path, below: Story | None = None
    ) -> None:
        self._template, self._sandbox, self._folder, self._below = template, sandbox, folder, below
        self._environment = sandbox.platform.environment(ENVIRONMENT)
        self.stack = f"flowmart-{ENVIRONMENT}-{folder.name}"
        parents = {"StackName": below.stack} if below and "StackName" in template.document["Parameters"] else {}
        own = {"capabilities": _CAPABILITIES, "stack": self.stack, "template_bucket": BUCKET}
        self._values = {**values_for(template.document, there), **parents, **own}
        self._receipt: Receipt | None = None

    def told(self) -> Told:
        """Go through all steps, and leave nothing behind."""
        client = self._sandbox.administrator(ENVIRONMENT)
        bring_about(client, self._template)
        try:
            if self._below:
                self._below.create()
            return self._gone_through()
        finally:
            for story in (self, self._below):
                if story:
                    client("cloudformation").delete_stack(StackName=story.stack)
                    _remove_retained(client, story.stack)

    def create(self) -> None:
        """Only make the stack."""
        self._apply(self._planned("one", self._template.text))

    def _gone_through(self) -> Told:
        try:
            plan = self._planned("one", self._template.text)
        except FlowmartError as error:
            return _refused(str(error))
        try:
            for step, act in self._steps(plan):  # noqa: B007 -- told below
                act()
        except (Failed, FlowmartError, BotoCoreError, ClientError) as error:
            return Told(End.FAILED, step, str(error))
        return Told(End.THROUGH)

    def _steps(self, plan: Plan) -> Iterator[tuple[str, Callable[[], None]]]:
        yield "create", lambda: self._apply(plan)
        yield "unchanged", lambda: self._compare(drifted=False)
        yield "update", self._update
        yield "unchanged after it", lambda: self._compare(drifted=False)
        yield "drift", self._drift
        yield "delete", self._delete

    def _planned(self, release: str, text: str, **tags: str) -> Plan:
        folder = self._folder / release / "stack"
        (folder / "parameters").mkdir(parents=True, exist_ok=True)
        if self._template.folder and self._template.has_neighbours:
            shutil.copytree(self._template.folder, folder, dirs_exist_ok=True)
        (folder / _FILE).write_text(text)
        (folder / "parameters" / f"{ENVIRONMENT}.yaml").write_text(json.dumps({"Tags": tags}))
        return ENGINE.make(self._workspace(release)).plan(Inputs(self._values))

    def _workspace(self, release: str) -> Workspace:
        roles = self._environment.roles
        return workspace(
            self._folder / release,
            replace(_UNIT, inputs=self._values),
            self._environment,
            target=Target(release, ENVIRONMENT, "public"),
            reading=as_role(self._environment, roles.plan),
            writing=as_role(self._environment, roles.apply),
        )

    def _apply(self, plan: Plan) -> None:
        applied = ENGINE.make(self._workspace(plan.target.release)).apply(plan)
        if applied.outcome is not Outcome.SUCCEEDED:
            raise Failed(applied.detail)
        digests = (plan.unit_digest, plan.inputs_digest, plan.digest)
        self._receipt = Receipt(f"{ENVIRONMENT}/1", plan.target, *digests, applied.outputs, "")

    def _update(self) -> None:
        """Another tag on everything that takes tags, and one more output."""
        document = dict(self._template.document)
        document["Outputs"] = {**(document.get("Outputs") or {}), "Version": {"Value": "2"}}
        self._apply(self._planned("two", json.dumps(document), Version="2"))

    def _compare(self, *, drifted: bool) -> None:
        assert self._receipt
        engine = ENGINE.make(self._workspace(self._receipt.target.release))
        changes = engine.detect_drift(self._receipt).changes
        if bool(changes) != drifted:
            found = ", ".join(change.address for change in changes)
            raise Failed(f"nobody touched {found}" if changes else "the change by hand was not found")

    def _drift(self) -> None:
        """Somebody deletes the resource that was made last, of those that can be deleted by their id alone."""
        client = self._sandbox.administrator(ENVIRONMENT)
        listed = client("cloudformation").list_stack_resources(StackName=self.stack)["StackResourceSummaries"]
        for found in reversed(listed):
            kind = KINDS[found["ResourceType"]]
            if kind.checked and kind.is_deleted_by_id:
                kind.delete(_Hands(client, self._environment.region), Made(found["PhysicalResourceId"]), {})  # type: ignore[arg-type]
                self._compare(drifted=True)
                return

    def _delete(self) -> None:
        """Roll back to nothing, once somebody has emptied the buckets: logs may have come."""
        assert self._receipt
        _empty(self._sandbox.administrator(ENVIRONMENT), self.stack)
        release = self._receipt.target.release
        plan = ENGINE.make(self._workspace(release)).plan_rollback(self._workspace(release), None)
        assert plan
        applied = ENGINE.make(self._workspace(release)).apply(plan)
        if applied.outcome is not Outcome.SUCCEEDED:
            raise Failed(applied.detail)


@dataclass(frozen=True)
class _Hands:
    """Somebody with an administrator's clients, in the place of a caller of CloudFormation."""

    client: Callable[[str], Any]
    region: str
    account: str = ""
    tags: Mapping[str, str] = None  # type: ignore[assignment]

    def __call__(self, service: str) -> Any:
        return self.client(service)


def _remove_retained(client: Callable[[str], Any], stack: str) -> None:
    """Remove the buckets that a deleted stack left: other templates have the same names."""
    cloudformation, s3 = client("cloudformation"), client("s3")
    stacks = [
        each["StackId"] for each in cloudformation.list_stacks()["StackSummaries"] if each["StackName"] == stack
    ]
    events = [e for each in stacks for e in cloudformation.describe_stack_events(StackName=each)["StackEvents"]]
    made = {event.get("PhysicalResourceId") for event in events if event["ResourceType"] == "AWS::S3::Bucket"}
    left = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"] if bucket["Name"] in made]
    _clear(s3, left)
    for name in left:
        s3.delete_bucket(Bucket=name)


def _empty(client: Callable[[str], Any], stack: str) -> None:
    s3, listed = client("s3"), client("cloudformation").list_stack_resources(StackName=stack)
    names = {found["PhysicalResourceId"] for found in listed["StackResourceSummaries"]}
    _clear(s3, [bucket["Name"] for bucket in s3.list_buckets()["Buckets"] if bucket["Name"] in names])


def _clear(s3: Any, buckets: list[str]) -> None:
    for name in buckets:
        # Emptying one bucket is logged to another.
        s3.put_bucket_logging(Bucket=name, BucketLoggingStatus={})
    for name in buckets:
        for version in s3.list_object_versions(Bucket=name).get("Versions", ()):
            s3.delete_object(Bucket=name, Key=version["Key"], VersionId=version["VersionId"])


def _refused(why: str) -> Told:
    _, emulated, what = why.partition(_NOT_EMULATED)
    return Told(End.NOT_EMULATED, "plan", what) if emulated else Told(End.REFUSED, "plan", why)
