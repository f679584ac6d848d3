"""The story that the demo tells, by the command line, on FlowMart's infrastructure. Told once, looked at often."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from deployments.demo import releases
from deployments.peers import opensearch
from deployments.sandbox import Sandbox, kubernetes
from deployments.sandbox.layout import SandboxLayout
from tasks import aws
from tests.servers import sandboxes

ENVIRONMENTS = ("dev", "staging", "production")


SPOILT = {"image", "networking", "compute", "order-events", "cluster", "cart", "bastion"}
"""What the bad release has something new for: units of all six engines."""


@dataclass(frozen=True)
class Told:
    """How a command ended. `document` is what it printed with --json."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


class Story:
    """A repository with FlowMart's infrastructure, a store, and the `flowmart` command led to a sandbox."""

    def __init__(self, box: Sandbox, folder: Path, project: Path) -> None:
        self.box = box
        self.repository = folder / "repository"
        self.variables = {
            **box.variables,
            "FLOWMART_PROFILE": "none",
            "FLOWMART_REPOSITORY": str(self.repository),
            "FLOWMART_STORE": str(folder / "store"),
        }
        self.search = box.variables.get("FLOWMART_OPENSEARCH", "")
        self.ships = "FLOWMART_LOG_FOLDER" in box.variables
        self.variables.setdefault("FLOWMART_LOG_FOLDER", str(folder / "log"))
        ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*")
        shutil.copytree(project / "infrastructure", self.repository / "infrastructure", ignore=ignored)
        self._git("init", "--quiet")
        self.commit("As it is")

    def flowmart(self, *arguments: str) -> Told:
        command = [sys.executable, "-m", "deployments.cli", *arguments]
        done = subprocess.run(command, env={**os.environ, **self.variables}, capture_output=True, text=True)
        return Told(done.returncode, done.stdout, done.stderr)

    def commit(self, subject: str) -> None:
        self._git("add", "--all")
        self._git("-c", "user.name=t", "-c", "user.email=t@flowmart.example", "commit", "--quiet", "-m", subject)

    def tool(self, *command: str) -> str:
        done = subprocess.run(command, env={**os.environ, **self.variables}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def release(self) -> str:
        return str(self.flowmart("release", "create", "--json").document["id"])

    def file(self, path: str) -> Path:
        return self.repository / "infrastructure/terraform" / path

    def client(self, environment: str, service: str, role: str = "plan") -> Any:
        here = self.box.platform.environment(environment)
        credentials = aws.assume(getattr(here.roles, role), here.region, "tests")
        return aws.client(service, credentials)

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", "-C", str(self.repository), *arguments], check=True)


@dataclass(frozen=True)
class Chapters:
    story: Story
    good: str
    bad: str
    promoted: Told
    rejected: Told


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Iterator[Story]:
    """In a sandbox of its own: other tests leave things behind that have the names of FlowMart's."""
    with (
        sandboxes.started(project / "infrastructure", prefect=True, opensearch=True) as box,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in box.variables.items():
            patch.setenv(name, value)
        yield Story(box, tmp_path_factory.mktemp("story"), project)


@pytest.fixture(scope="module")
def told(story: Story) -> Chapters:
    """Release A everywhere; then release B, whose cart crashes in staging."""
    good = story.release()
    promoted = story.flowmart("promote", good, "--json")
    releases.make(releases.CRASHING, story.repository / "infrastructure")
    story.commit("New image and cart 2.0.1")
    bad = story.release()
    return Chapters(story, good, bad, promoted, story.flowmart("promote", bad, "--json"))


def test_a_good_release_reaches_production(told: Chapters) -> None:
    assert told.promoted.code == 0, told.promoted.err
    assert told.promoted.document["promoted_in"] == ["shared", *ENVIRONMENTS]


@pytest.mark.parametrize(
    ("environment", "gateways", "instances"), [("dev", 1, 1), ("staging", 1, 2), ("production", 3, 3)]
)
def test_what_was_applied_is_really_there(told: Chapters, environment: str, gateways: int, instances: int) -> None:
    ask: Callable[[str], Any] = lambda service: told.story.client(environment, service)  # noqa: E731
    mine = [{"Name": "tag:Environment", "Values": [environment]}]
    (vpc,) = ask("ec2").describe_vpcs(Filters=mine)["Vpcs"]
    # AWS goes on listing gateways that are deleted.
    there = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
    assert len(ask("ec2").describe_subnets(Filters=there)["Subnets"]) == 9
    assert len(ask("ec2").describe_nat_gateways(Filters=there)["NatGateways"]) == gateways
    assert len(ask("autoscaling").describe_auto_scaling_instances()["AutoScalingInstances"]) == instances
    (database,) = ask("rds").describe_db_instances()["DBInstances"]
    assert database["StorageEncrypted"]
    assert database["MultiAZ"] is (environment == "production")
    assert len(ask("elbv2").describe_load_balancers()["LoadBalancers"]) == 1
    assert len(ask("dynamodb").list_tables()["TableNames"]) == 1


def test_a_bad_release_is_caught_in_staging_and_rolled_back(told: Chapters) -> None:
    assert told.rejected.code == 1
    assert "cart in staging" in told.rejected.err
    assert re.search(r"(CrashLoopBackOff|Error) \(exit code 1", told.rejected.err)
    assert f"staging was rolled back, and {told.bad} is rejected there" in told.rejected.err
    assert "Traceback" not in told.rejected.err
    assert told.rejected.document["error"]["kind"] == "RolledBack"


def test_the_rollback_goes_in_reverse_order(told: Chapters) -> None:
    entries = told.story.flowmart("history", "staging", "--json").document
    applied = [e["body"]["unit"] for e in entries if e["kind"] == "applying" and e["body"]["release"] == told.bad]
    back = [e["body"]["unit"] for e in entries if e["kind"] == "rolled_back"]
    assert set(applied) >= SPOILT
    assert back[: len(applied)] == applied[::-1]


def test_after_the_rollback_helm_and_kubectl_see_the_earlier_release(told: Chapters, tmp_path: Path) -> None:
    story = told.story
    history = story.tool("helm", "--kube-context", "staging-plan", "-n", "flowmart", "history", "cart", "-o", "json")
    assert json.loads(history)[-1]["status"] == "deployed"
    assert json.loads(history)[-1]["description"] == "Rollback to 1"
    kubectl = ("kubectl", "--context", "staging-plan", "-n", "flowmart")
    image = "{.spec.template.spec.containers[0].image}"
    assert "broken" not in story.tool(*kubectl, "get", "deployment/cart", "-o", f"jsonpath={image}")
    assert "successfully rolled out" in story.tool(*kubectl, "rollout", "status", "deployment/cart")


def test_status_says_which_release_is_where(told: Chapters) -> None:
    status = told.story.flowmart("status", "--json").document
    releases = {name: here["release"] for name, here in status.items()}
    assert releases == {"shared": told.bad, "dev": told.bad, "staging": told.good, "production": told.good}
    assert status["staging"]["rejected"] == [told.bad]
    assert {unit["release"] for unit in status["staging"]["units"].values()} == {told.good}


def test_production_was_never_touched_by_the_bad_release(told: Chapters) -> None:
    entries = told.story.flowmart("history", "production", "--json").document
    assert told.bad not in json.dumps(entries)


def test_promoting_the_good_release_again_changes_nothing(told: Chapters) -> None:
    before = told.story.flowmart("history", "production", "--json").document
    again = told.story.flowmart("promote", told.good, "--to", "shared")
    assert again.code == 0, again.err
    assert told.story.flowmart("history", "production", "--json").document == before


@pytest.fixture(scope="module")
def earlier(told: Chapters, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Release A's infrastructure/ as it is in git."""
    folder = tmp_path_factory.mktemp("earlier")
    archive = ["git", "-C", str(told.story.repository), "archive", "HEAD~1", "infrastructure"]
    done = subprocess.run(archive, capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=done.stdout, check=True)
    return folder / "infrastructure"


def image_of(story: Story, environment: str) -> str:
    """The machine image that the environment's instances are started from, as AWS itself says."""
    ec2 = story.client(environment, "ec2")
    (template,) = ec2.describe_launch_templates()["LaunchTemplates"]
    latest = {"LaunchTemplateId": template["LaunchTemplateId"], "Versions": ["$Latest"]}
    (version,) = ec2.describe_launch_template_versions(**latest)["LaunchTemplateVersions"]
    return str(version["LaunchTemplateData"]["ImageId"])


def test_instances_are_started_from_the_earlier_image_again(told: Chapters) -> None:
    assert image_of(told.story, "staging") == image_of(told.story, "production")
    assert image_of(told.story, "dev") != image_of(told.story, "staging")
    groups = told.story.client("staging", "autoscaling").describe_auto_scaling_instances()["AutoScalingInstances"]
    ids = [instance["InstanceId"] for instance in groups]
    found = told.story.client("staging", "ec2").describe_instances(InstanceIds=ids)["Reservations"]
    images = {instance["ImageId"] for reservation in found for instance in reservation["Instances"]}
    assert images == {image_of(told.story, "staging")}


def test_terraform_by_hand_finds_nothing_to_do(told: Chapters, earlier: Path) -> None:
    """Planned by hand with the reading role."""
    story = told.story
    here = story.box.platform.environment("staging")
    reading = aws.assume(here.roles.plan, here.region, "tests").environment()
    for unit in ("networking", "database", "compute", "monitoring"):
        folder = earlier / "terraform/environments/staging" / unit
        variables = {**os.environ, **reading}
        subprocess.run(
            ["terraform", "init", "-input=false"], cwd=folder, env=variables, check=True, capture_output=True
        )
        plan = ["terraform", "plan", "-input=false", "-lock=false", "-detailed-exitcode"]
        if unit == "compute":
            plan.append(f"-var=image_id={image_of(story, 'production')}")
        done = subprocess.run(plan, cwd=folder, env=variables, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_cloudformation_has_the_earlier_parameters_again(told: Chapters) -> None:
    stacks = told.story.client("staging", "cloudformation").describe_stacks()["Stacks"]
    (stack,) = (stack for stack in stacks if "order-events" in stack["StackName"])
    assert stack["StackStatus"] in ("UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    assert parameters["MaxReceives"] == "5"


def test_kubectl_finds_no_difference(told: Chapters, earlier: Path) -> None:
    administrator = str(kubernetes.path_of(SandboxLayout(told.story.box.root).clusters, "staging"))
    overlay = str(earlier / "kubernetes/overlays/staging")
    diff = ["kubectl", "--kubeconfig", administrator, "diff", "--server-side", "--force-conflicts", "-k", overlay]
    done = subprocess.run(diff, env={**os.environ, **told.story.variables}, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_ansible_by_hand_would_change_nothing(told: Chapters, earlier: Path, tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.ini"
    inventory.write_text("bastion ansible_host=10.20.0.5 flowmart_environment=staging\n")
    variables = {
        **os.environ,
        **told.story.variables,
        "ANSIBLE_CONFIG": str(earlier / "ansible/ansible.cfg"),
        "FLOWMART_ENVIRONMENT": "staging",
    }
    command = ["ansible-playbook", "--check", "-i", str(inventory), str(earlier / "ansible/bastion/playbook.yml")]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, cwd=earlier / "ansible")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"changed=0 +unreachable=0 +failed=0", done.stdout), done.stdout


def test_drift_finds_exactly_what_was_changed_by_hand(told: Chapters) -> None:
    ec2 = told.story.client("production", "ec2", role="apply")
    (group,) = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["*database*"]}])[
        "SecurityGroups"
    ]
    world = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[world])
    ec2.create_tags(Resources=[group["VpcId"]], Tags=[{"Key": "Name", "Value": "do-not-touch"}])
    drift = told.story.flowmart("drift", "production", "--json")
    assert drift.code == 2
    ((first, second),) = [report["drifted"] for report in drift.document]
    assert first["address"] == "module.networking.aws_security_group.database"
    assert (
        first["told"][1]
        == "ingress: added {cidr_blocks = [0.0.0.0/0], from_port = 5432, protocol = tcp, to_port = 5432}"
    )
    assert second["address"] == "module.networking.aws_vpc.this"
    assert second["told"][1:] == ["tags.Name: flowmart-production -> do-not-touch"]


def test_a_deployment_that_was_scaled_by_hand_is_drift(told: Chapters) -> None:
    administrator = kubernetes.path_of(SandboxLayout(told.story.box.root).clusters, "dev")
    scale = ("scale", "deployment/payments", "--replicas=7")
    told.story.tool("kubectl", "--kubeconfig", str(administrator), "-n", "flowmart", *scale)
    (report,) = told.story.flowmart("drift", "dev", "--json").document
    assert [(item["address"], item["told"][1:]) for item in report["drifted"]] == [
        ("Deployment/flowmart/payments", ["spec.replicas: 1 -> 7"])
    ]


def test_elsewhere_there_is_no_drift(told: Chapters) -> None:
    drift = told.story.flowmart("drift", "staging", "--json")
    assert (drift.code, drift.document[0]["drifted"]) == (0, [])


def test_a_release_whose_units_do_not_fit_together_cannot_be_made(told: Chapters) -> None:
    outputs = told.story.file("environments/dev/database/outputs.tf")
    before = outputs.read_text()
    outputs.write_text(before.replace('output "port"', 'output "prot"'))
    told.story.commit("A slip")
    refused = told.story.flowmart("release", "create")
    outputs.write_text(before)
    assert refused.code == 64
    assert "'port' is not an output of database. Did you mean 'prot'?" in refused.err


def test_a_release_that_would_delete_the_database_is_denied_before_any_apply(told: Chapters) -> None:
    told.story.file("environments/dev/database/main.tf").write_text("")
    outputs = told.story.file("environments/dev/database/outputs.tf")
    outputs.write_text(re.sub(r"(?m)^(\s*value\s*)=.*$", r'\1= "gone"', outputs.read_text()))
    told.story.commit("Who needs a database")
    denied = told.story.flowmart("promote", "--to", "dev")
    assert denied.code == 1
    assert "protected: module.database.aws_db_instance.this" in denied.err
    kinds = [entry["kind"] for entry in told.story.flowmart("history", "dev", "--json").document]
    assert "denied" in kinds
    assert kinds[kinds.index("denied") :].count("applying") == 0
    (database,) = told.story.client("dev", "rds").describe_db_instances()["DBInstances"]
    assert database["DBInstanceStatus"] == "available"


def test_diff_names_the_units_and_files_that_differ(told: Chapters) -> None:
    diff = told.story.flowmart("diff", "dev", "staging", "--json").document
    assert diff["units"]["networking"] == [told.bad, told.good]
    assert "terraform/environments/staging/compute/main.tf" in diff["files"]


def test_the_logs_templates_are_there_or_named_as_left_out(told: Chapters) -> None:
    entries = told.story.flowmart("history", "shared", "--json").document
    omitted = [entry["body"]["units"] for entry in entries if entry["kind"] == "units_omitted"]
    applied = told.story.flowmart("status", "--json").document["shared"]["units"]
    if opensearch.found() is None:
        assert omitted.count(["log-templates"]) >= 2
    else:
        assert ["log-templates"] not in omitted
        assert applied["log-templates"]["release"] == told.good
        found = httpx.get(f"{told.story.search}/_index_template/flowmart-logs", timeout=60)
        assert found.json()["index_templates"][0]["index_template"]["priority"] == 500


def test_the_units_that_need_a_chart_repository_are_named_as_left_out(told: Chapters) -> None:
    left_out = "monitoring-rules, monitoring-stack stay as they are: FLOWMART_CHARTS=none when the release was made"
    status = told.story.flowmart("status", "--json").document
    assert left_out in [each["text"] for each in status["production"]["notices"] if each["kind"] == "omitted"]
    assert status["production"]["cells"]["monitoring-stack"]["release"] is None


def test_the_lines_of_the_run_that_rejected_a_release_are_found_where_the_log_goes(told: Chapters) -> None:
    entries = told.story.flowmart("history", "staging", "--json").document
    (claim,) = (e for e in entries if e["kind"] == "claimed" and e["body"]["release"] == told.bad)
    wanted = ("logs", claim["run"], "--level", "warning", "--json")
    kept = [line["event"]["id"] for line in told.story.flowmart(*wanted).document]
    assert kept
    if told.story.ships:
        until = time.monotonic() + 240
        while {*kept} != {line["event"]["id"] for line in told.story.flowmart(*wanted, "--cluster").document}:
            assert time.monotonic() < until, "not shipped"


def test_the_ledger_adds_up(told: Chapters) -> None:
    audit = told.story.flowmart("audit", "--json")
    assert audit.code == 0
    assert set(audit.document["entries"]) == {"shared", *ENVIRONMENTS}
