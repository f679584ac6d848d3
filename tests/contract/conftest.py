"""What all contract tests share: a line about those that did not run, or ran against the sandbox only."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments import processes
from deployments import sandbox as sandboxes
from deployments.sandbox import Sandbox
from deployments.sandbox.layout import SandboxLayout
from deployments.sandbox.parts import METRICS, PREFECT, PROMETHEUS
from tests.peers import real_providers, sops, terragrunts
from tests.peers.tofu import ON_ANY_TERRAFORM, ON_OPENTOFU, given, tofu
from tests.platforms.colours import STACK, Colours
from tests.platforms.helm_shop import Shop, prepared
from tests.platforms.search_units import Search
from tests.servers import control_planes, postgres, prometheus_process, shippers, small_disk
from tests.servers import opensearch as opensearch_node
from tests.servers.clusters import GIVEN, Cluster
from tests.servers.sandboxes import silent

collect_ignore_glob = [] if terragrunts.PROGRAM else [terragrunts.FILES]
collect_ignore_glob += [] if opensearch_node.JARS else [opensearch_node.FILES]
collect_ignore = (
    [
        f"test_{name}.py"
        for name in (
            *("analysis", "metrics", "alert_rules", "monitoring_validators", "scraping"),
            "sandbox_prometheus",
        )
    ]
    if prometheus_process.MISSING
    else []
)
collect_ignore += [] if prometheus_process.AMTOOL else ["test_alert_routes.py"]
collect_ignore += [] if postgres.programs() else [postgres.FILES]
collect_ignore += [] if tofu() else ON_OPENTOFU
collect_ignore += [] if sops.PROGRAM else sops.FILES
collect_ignore += [] if real_providers.MIRROR else real_providers.FILES
collect_ignore += [] if shippers.program() else [shippers.FILES]
collect_ignore += [] if small_disk.possible() else [small_disk.FILES]
collect_ignore += [] if given() else [f"{name}.py" for name in ON_ANY_TERRAFORM]
collect_ignore += [] if os.environ.get(GIVEN) else control_planes.FILES

ON_ANY_CLUSTER = (
    *("test_helm_engine", "test_helm_kinds", "test_helm_plans", "test_helm_promises", "test_helm_rules"),
    *(
        "test_kustomize_endings",
        "test_kustomize_engine",
        "test_kustomize_kinds",
        "test_kustomize_plans",
        "test_kustomize_promises",
        "test_kustomize_rules",
    ),
)


@pytest.fixture(scope="module")
def prefect_server(sandbox: Sandbox, project: Path) -> Iterator[Sandbox]:
    """The sandbox, with a Prefect server in it that no other worker writes to: SQLite has one writer at a time."""
    infrastructure = project / "infrastructure"
    yield sandboxes.up(sandbox.root, silent, infrastructure=infrastructure, terragrunt=False, opensearch=False)
    layout = SandboxLayout(sandbox.root)
    for name in (PREFECT, PROMETHEUS, METRICS):
        if process := processes.find(layout, name):
            processes.end(layout, process)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of the module's own."""
    made = prepared(tmp_path_factory.mktemp("cluster"))
    yield made
    made.stop()


@pytest.fixture(params=["helm3", "helm"])
def shop(request: pytest.FixtureRequest, cluster: Cluster, tmp_path: Path) -> Iterator[Shop]:
    """A unit with a chart, for each Helm; its name begins with what the module is about."""
    about = request.module.__name__.rpartition("test_helm_")[2]
    made = Shop(cluster, tmp_path, request.param, f"{about}-{request.param}")
    yield made
    made.removed()


@pytest.fixture
def group() -> str:
    """An API group of the test's own."""
    return f"g{uuid.uuid4().hex[:8]}.example"


@pytest.fixture(scope="session")
def opensearch(shared_folder: Path) -> Iterator[str]:
    """The address of a real OpenSearch, which all workers share."""
    with opensearch_node.shared(shared_folder / "opensearch") as url:
        yield url


@pytest.fixture
def opensearch_prefix(opensearch: str) -> Iterator[str]:
    """Begins the names of what a test makes there; all of it is removed afterwards."""
    with opensearch_node.prefix(opensearch) as prefix:
        yield prefix


@pytest.fixture
def search(opensearch: str, opensearch_prefix: str, tmp_path: Path) -> Search:
    """A unit of the engine elasticsearch, whose releases a test makes."""
    return Search(opensearch, opensearch_prefix, tmp_path / "releases")


@pytest.fixture
def colours(operator: Sandbox, tmp_path: Path) -> Iterator[Colours]:
    made = Colours(operator, tmp_path)
    yield made
    client = made.administrator("cloudformation")
    if any(stack["StackName"] == STACK for stack in client.describe_stacks()["Stacks"]):
        client.update_termination_protection(StackName=STACK, EnableTerminationProtection=False)
        client.delete_stack(StackName=STACK)


@pytest.fixture
def templates(colours: Colours) -> Iterator[str]:
    """A bucket for templates, which the environment's roles may write to."""
    name, s3 = f"flowmart-dev-templates-{colours.dev.account}", colours.administrator("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": colours.dev.region})
    yield name
    for found in s3.list_objects_v2(Bucket=name).get("Contents", ()):
        s3.delete_object(Bucket=name, Key=found["Key"])
    s3.delete_bucket(Bucket=name)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that other counterparts can judge too, for `make test-peers`."""
    for item in items:
        if item.path.stem in ON_ANY_CLUSTER:
            item.add_marker(pytest.mark.any_cluster)
        if item.path.name in control_planes.FILES:
            item.add_marker(pytest.mark.control_plane)
        if item.path.stem in ON_ANY_TERRAFORM or "::TestTerraform::" in item.nodeid:
            item.add_marker(pytest.mark.any_terraform)


def not_run() -> list[str]:
    """A line about each peer that is missing, and the tests that need it."""
    lines = {
        terragrunts.NOT_RUN: terragrunts.PROGRAM,
        prometheus_process.NOT_RUN: not prometheus_process.MISSING,
        "not run: routes of alerts (no amtool on PATH)": prometheus_process.AMTOOL,
        real_providers.NOT_RUN: real_providers.MIRROR,
        sops.NOT_RUN: sops.PROGRAM,
        control_planes.NOT_RUN: os.environ.get(GIVEN),
        postgres.NOT_RUN: postgres.programs(),
        opensearch_node.NOT_RUN: opensearch_node.JARS,
        shippers.NOT_RUN: shippers.program(),
        small_disk.NOT_RUN: small_disk.possible(),
        f"not run: {', '.join(ON_OPENTOFU)} (no tofu on PATH; make peers-opentofu builds it)": tofu(),
        f"not run with OpenTofu: {', '.join(ON_ANY_TERRAFORM)} (make peers-opentofu)": given(),
    }
    return [line for line, there in lines.items() if not there]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests no real cluster has judged, and which were not run: neither is the same as having passed."""
    for line in not_run():
        terminalreporter.write_line(line)
    reports = [report for found in terminalreporter.stats.values() for report in found if hasattr(report, "nodeid")]
    files = sorted({name for report in reports for name in ON_ANY_CLUSTER if f"/{name}.py" in report.nodeid})
    if not files:
        return
    if os.environ.get(GIVEN):
        terminalreporter.write_line(f"run against the cluster of {os.environ[GIVEN]}: {', '.join(files)}")
    else:
        told = f"not run against a real cluster, only against the sandbox: {', '.join(files)}"
        remedy = f"{GIVEN} is not set; make peers-kubernetes test-peers-kubernetes builds one and runs them"
        terminalreporter.write_line(f"{told} ({remedy})")
