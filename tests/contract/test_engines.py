"""One story over all engines, with the real tools: what the protocol promises, each of them keeps.

A subject is one unit of one engine: how its release A and B differ, and what somebody may change by hand.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployments.sandbox import Sandbox
from tasks import aws
from tasks.domain.errors import StalePlan
from tasks.domain.outcome import Applied, Outcome, Progress
from tasks.domain.plan import Change, Plan
from tasks.domain.platform import Environment, Roles, Unit
from tasks.domain.release import Inputs, Receipt, Target
from tasks.engines import ENGINES, UnitEngine
from tasks.engines.base import Workspace
from tasks.processes import Processes
from tests.clusters import SandboxCluster
from tests.hosts import SandboxHosts
from tests.images import as_role, template
from tests.tools import tool

DEV = Environment("dev", "222222222222", "eu-west-1", Roles("", ""))

TERRAFORM = """
terraform {{
  backend "local" {{ path = "{state}" }}
}}
resource "terraform_data" "paint" {{ input = "{colour}" }}
output "colour" {{ value = terraform_data.paint.output }}
"""
CONFIG_MAP = """
apiVersion: v1
kind: ConfigMap
metadata: {{name: {name}, namespace: default}}
data: {{colour: {colour}}}
"""
STACK = """
Resources:
  Paint:
    Type: AWS::SNS::Topic
    Properties: {{TopicName: flowmart-paint, DisplayName: {colour}}}
Outputs:
  Colour: {{Description: The colour, Value: {colour}}}
"""
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Paint
      ansible.builtin.{task}
"""
CHART = "apiVersion: v2\nname: paint\nversion: 1.0.0\n"


@dataclass(frozen=True)
class Subject:
    """`files` of a release in a colour; `found`: the colour that is really there; `tamper`: by hand, with `field`.

    `writing` are the variables to apply with, where they are not those to read with.
    """

    engine: str
    executable: str
    files: Callable[[str], Mapping[str, str]]
    found: Callable[[], str | None]
    variables: Callable[[], Mapping[str, str]]
    inputs: Mapping[str, object]
    tamper: Callable[[], object] | None
    field: str = "data"
    writing: Callable[[], Mapping[str, str]] | None = None
    received: Callable[[Receipt], object] = lambda _: None


class Story:
    """One unit in one environment, release after release."""

    def __init__(self, subject: Subject, folder: Path) -> None:
        self.subject = subject
        self._folder = folder
        self.receipt: Receipt | None = None
        self.residual: tuple[Change, ...] = ()

    def target(self, colour: str) -> Target:
        return Target(colour, "dev", "paint")

    def engine(self, colour: str) -> UnitEngine:
        return ENGINES[self.subject.engine].make(self.workspace(self.target(colour)))

    def workspace(self, target: Target) -> Workspace:
        infrastructure = self._folder / target.release
        for path, text in self.subject.files(target.release).items():
            file = infrastructure / "paint" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        unit = Unit("paint", self.subject.engine, "paint", ("dev",), inputs=self.subject.inputs, time_limit=60)
        reading = self.subject.variables
        writing = self.subject.writing or reading
        return Workspace(
            target=target,
            infrastructure=infrastructure,
            unit=unit,
            environment=DEV,
            unit_digest=f"digest of {target.release}",
            reading=reading,
            writing=writing,
            processes=Processes(),
            executable=self.subject.executable,
            receipt=self.receipt,
            residual=self.residual,
        )

    def plan(self, colour: str) -> Plan:
        return self.engine(colour).plan(Inputs(self.subject.inputs))

    def apply(self, plan: Plan) -> Applied:
        applied = self.engine(plan.target.release).apply(plan)
        assert applied.outcome is Outcome.SUCCEEDED, applied.detail
        digests = (plan.unit_digest, plan.inputs_digest, plan.digest)
        self.receipt = Receipt("dev/1", plan.target, *digests, applied.outputs, "2026-01-01T00:00:00+00:00")
        self.subject.received(self.receipt)
        return applied

    def promoted(self, colour: str) -> Receipt:
        self.apply(self.plan(colour))
        assert self.receipt
        return self.receipt


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxCluster]:
    made = SandboxCluster(tmp_path_factory.mktemp("cluster"))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHosts]:
    made = SandboxHosts(tmp_path_factory.mktemp("hosts"), "dev")
    yield made
    made.stop()


def terraform(folder: Path, _: pytest.FixtureRequest) -> Subject:
    state = folder / "terraform.tfstate"

    def found() -> str | None:
        outputs = json.loads(state.read_text())["outputs"] if state.exists() else {}
        return outputs["colour"]["value"] if outputs else None

    def files(colour: str) -> Mapping[str, str]:
        return {"main.tf": TERRAFORM.format(state=state, colour=colour)}

    # terraform_data has nothing outside of the state that somebody could change; drift is told in the e2e story.
    return Subject("terraform", "terraform", files, found, dict, {}, None)


def _in(cluster: SandboxCluster, name: str) -> tuple[Callable[[], str | None], Callable[[], object]]:
    def found() -> str | None:
        command = ("get", "configmap", name, "--ignore-not-found", "-o", "jsonpath={.data.colour}")
        return cluster.kubectl("-n", "default", *command) or None

    def tamper() -> object:
        patch = ("patch", "configmap", name, "--type=merge", "-p", '{"data": {"colour": "by hand"}}')
        return cluster.kubectl("-n", "default", *patch)

    return found, tamper


def kustomize(_: Path, request: pytest.FixtureRequest) -> Subject:
    cluster: SandboxCluster = request.getfixturevalue("cluster")

    def files(colour: str) -> Mapping[str, str]:
        manifest = CONFIG_MAP.format(name="kustomized", colour=colour)
        return {"kustomization.yaml": "resources: [paint.yaml]\n", "paint.yaml": manifest}

    found, tamper = _in(cluster, "kustomized")
    variables = lambda: cluster.variables("admin")  # noqa: E731
    return Subject("kustomize", tool("kubectl"), files, found, variables, {}, tamper)


def _helm(executable: str, name: str, cluster: SandboxCluster) -> Subject:
    def files(colour: str) -> Mapping[str, str]:
        return {"Chart.yaml": CHART, "templates/paint.yaml": CONFIG_MAP.format(name=name, colour=colour)}

    found, tamper = _in(cluster, name)
    variables = lambda: cluster.variables("admin")  # noqa: E731
    inputs = {"namespace": "default", "release": name}
    return Subject("helm", tool(executable), files, found, variables, inputs, tamper)


def helm4(_: Path, request: pytest.FixtureRequest) -> Subject:
    return _helm("helm", "helmed-four", request.getfixturevalue("cluster"))


def helm3(_: Path, request: pytest.FixtureRequest) -> Subject:
    return _helm("helm3", "helmed-three", request.getfixturevalue("cluster"))


def packer(folder: Path, request: pytest.FixtureRequest) -> Subject:
    """Which image is selected stands in the receipt; that it is there, and its colour, is AWS's to tell."""
    sandbox: Sandbox = request.getfixturevalue("operator")
    dev, held = sandbox.platform.environment("dev"), list[Receipt]()
    ec2 = sandbox.administrator("dev")("ec2")

    def found() -> str | None:
        ids = [receipt.outputs["ami_id"] for receipt in held[-1:]]
        images = ec2.describe_images(Filters=[{"Name": "image-id", "Values": ids}])["Images"] if ids else []
        return next((t["Value"] for image in images for t in image["Tags"] if t["Key"] == "Colour"), None)

    def tamper() -> object:
        tags = [{"Key": "Colour", "Value": "by hand"}]
        return ec2.create_tags(Resources=[held[-1].outputs["ami_id"]], Tags=tags)

    # Its own colours, so that no story finds what another one has built.
    files = lambda colour: {"paint.pkr.hcl": template(colour) + f"# {folder}\n"}  # noqa: E731
    inputs = {"owner": dev.account}
    variables = as_role(dev, dev.roles.apply)
    return Subject("packer", tool("packer"), files, found, variables, inputs, tamper, "tags", received=held.append)


def cloudformation(_: Path, request: pytest.FixtureRequest) -> Subject:
    operator: Sandbox = request.getfixturevalue("operator")
    dev = operator.platform.environment("dev")
    sns = operator.administrator("dev")("sns")
    arn = f"arn:aws:sns:{dev.region}:{dev.account}:flowmart-paint"

    def found() -> str | None:
        if arn not in [topic["TopicArn"] for topic in sns.list_topics()["Topics"]]:
            return None
        return str(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"])

    def tamper() -> object:
        return sns.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="by hand")

    sessions = aws.RoleSessions("tests")

    def acting(role: str) -> Callable[[], Mapping[str, str]]:
        return lambda: sessions.assume(role, dev.region).environment()

    def files(colour: str) -> Mapping[str, str]:
        return {"template.yaml": STACK.format(colour=colour)}

    inputs = {"stack": "flowmart-paint"}
    reading, writing = acting(dev.roles.plan), acting(dev.roles.apply)
    return Subject("cloudformation", "", files, found, reading, inputs, tamper, "DisplayName", writing)


def ansible(_: Path, request: pytest.FixtureRequest) -> Subject:
    hosts: SandboxHosts = request.getfixturevalue("hosts")
    paint = hosts.root("dev") / "etc" / "paint"

    def files(colour: str) -> Mapping[str, str]:
        remove = PLAY.format(task="file: {path: /etc/paint, state: absent}")
        task = "copy: {content: '%s', dest: /etc/paint, mode: '0644'}" % colour
        config = "[ssh_connection]\npipelining = True\n"
        return {"playbook.yml": PLAY.format(task=task), "remove.yml": remove, "ansible.cfg": config}

    def found() -> str | None:
        return paint.read_text().strip() if paint.exists() else None

    inputs = {"hosts": {"bastion": "10.10.0.5"}}
    tamper = lambda: hosts.ssh("dev", "echo by hand > /etc/paint")  # noqa: E731
    executable = tool("ansible-playbook")
    return Subject("ansible", executable, files, found, hosts.variables, inputs, tamper, "content")


@pytest.fixture(
    params=[terraform, kustomize, helm4, helm3, cloudformation, packer, ansible], ids=lambda made: made.__name__
)
def story(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Story]:
    subject: Subject = request.param(tmp_path, request)
    yield Story(subject, tmp_path / "releases")
    if subject.engine == "helm":
        name = str(subject.inputs["release"])
        command = [subject.executable, "uninstall", name, "-n", "default", "--ignore-not-found"]
        subprocess.run(command, env={**os.environ, **subject.variables()}, check=True, capture_output=True)
    elif subject.engine == "kustomize":
        cluster: SandboxCluster = request.getfixturevalue("cluster")
        cluster.kubectl("-n", "default", "delete", "configmap", "kustomized", "--ignore-not-found")
    elif subject.engine == "cloudformation":
        operator: Sandbox = request.getfixturevalue("operator")
        operator.administrator("dev")("cloudformation").delete_stack(StackName=subject.inputs["stack"])
    elif subject.engine == "ansible":
        request.getfixturevalue("hosts").ssh("dev", "rm -f /etc/paint")


def test_a_plan_changes_nothing_and_an_apply_does_what_was_planned(story: Story) -> None:
    plan = story.plan("blue")
    assert [change.action.value for change in plan.changes] == ["create"]
    assert story.subject.found() is None
    story.apply(plan)
    assert story.subject.found() == "blue"


def test_after_an_apply_a_new_plan_is_empty_and_the_tool_agrees(story: Story) -> None:
    story.promoted("blue")
    assert story.plan("blue").empty
    assert story.engine("blue").verify().outcome is Outcome.SUCCEEDED


def test_another_release_is_an_update(story: Story) -> None:
    story.promoted("blue")
    plan = story.plan("green")
    assert [change.action.value for change in plan.changes] == ["update"]
    story.apply(plan)
    assert story.subject.found() == "green"


def test_a_plan_is_not_applied_twice(story: Story) -> None:
    plan = story.plan("blue")
    story.apply(plan)
    with pytest.raises(StalePlan):
        story.engine("blue").apply(plan)


def test_the_way_back_leads_to_the_earlier_release(story: Story) -> None:
    blue = story.promoted("blue")
    story.promoted("green")
    plan = story.engine("blue").plan_rollback(story.workspace(story.target("green")), blue)
    assert plan
    story.apply(plan)
    assert story.subject.found() == "blue"
    assert story.engine("blue").verify().outcome is Outcome.SUCCEEDED


def test_without_an_earlier_release_the_way_back_removes_it(story: Story) -> None:
    story.promoted("blue")
    plan = story.engine("blue").plan_rollback(story.workspace(story.target("blue")), None)
    assert plan
    assert [change.action.value for change in plan.changes] == ["delete"]
    assert story.engine("blue").apply(plan).outcome is Outcome.SUCCEEDED
    assert story.subject.found() is None


def test_drift_is_what_somebody_changed_and_nothing_else(story: Story) -> None:
    blue = story.promoted("blue")
    assert story.engine("blue").detect_drift(blue).changes == ()
    if story.subject.tamper:
        story.subject.tamper()
        assert [change.attributes for change in story.engine("blue").detect_drift(blue).changes] == [
            (story.subject.field,)
        ]


def test_what_cannot_be_planned_yet_can_be_validated(story: Story) -> None:
    story.engine("blue").validate()
    assert story.subject.found() is None


def test_a_rollback_removes_only_what_the_release_created(story: Story) -> None:
    plan = story.plan("blue")
    story.apply(plan)
    back = story.engine("blue").plan_rollback(story.workspace(story.target("blue")), None)
    assert back
    assert back.removed <= plan.created


def test_what_existed_before_survives_the_rollback_of_a_first_release(story: Story) -> None:
    story.promoted("blue")
    story.receipt = None
    baseline = story.engine("green").adopt()
    if baseline is None:
        # A host does not tell whether it was configured before: a rollback runs only what the release brings for it.
        assert story.subject.engine in ("ansible", "packer")
        return
    story.promoted("green")
    back = story.engine("green").plan_rollback(story.workspace(story.target("green")), baseline)
    if back is not None:
        assert back.removed == frozenset()
        assert story.engine("green").apply(back).outcome is Outcome.SUCCEEDED
    assert story.subject.found() == ("green" if back is None else "blue")


def test_an_apply_whose_answer_was_lost_is_observed(story: Story) -> None:
    plan = story.plan("blue")
    assert story.engine("blue").observe(plan).progress is Progress.UNCHANGED
    story.apply(plan)
    story.receipt = None
    # What an apply uses up is planned anew after a crash; here the plan is still there.
    assert story.engine("blue").observe(plan).progress is Progress.DONE


def test_after_settling_there_is_no_drift_and_nothing_left_to_do(story: Story) -> None:
    blue = story.promoted("blue")
    story.residual = story.engine("blue").settle(blue)
    assert story.engine("blue").detect_drift(blue).changes == ()
    assert story.plan("blue").empty
