"""FlowMart's own monitoring of a cluster: with a chart repository, and in a release that was made without one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployments.cli import run
from tasks import drift
from tasks.domain.errors import InvalidInput
from tasks.ledger.state import EnvironmentState
from tasks.promotion import operations
from tasks.promotion.environment_run import opened
from tasks.promotion.executor import LocalExecutor
from tasks.promotion.runtime import Runtime, compose
from tests.contract.test_helm_dependencies import LOGIN, log_in
from tests.peers.tools import tool
from tests.platforms.monitored import CHART, MonitoredPlatform, stand_in, version
from tests.servers import clusters
from tests.servers.certificates import certificates
from tests.servers.chart_registry import serving
from tests.servers.clusters import Cluster

RULES, STACK = "monitoring-rules", "monitoring-stack"
WHY = "FLOWMART_CHARTS=none when the release was made"


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster as an administrator leaves it."""
    folder = tmp_path / "cluster"
    folder.mkdir()
    made = clusters.started(folder)
    clusters.grant_access(made)
    for name, value in {"KUBECONFIG": str(made.kubeconfig), "FLOWMART_HELM": tool("helm")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FLOWMART_KUBECTL", tool("kubectl"))
    yield made
    made.stop()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a chart repository that has the stand-in, and that helm may ask."""
    made, config = certificates(tmp_path), tmp_path / "helm"
    config.mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(made.ca))
    monkeypatch.setenv("HELM_CONFIG_HOME", str(config))
    monkeypatch.setenv("HELM_CACHE_HOME", str(tmp_path / "cache"))
    with serving(made, LOGIN) as served:
        served.offer(CHART, version(), stand_in(tmp_path / "charts"))
        log_in(served, config)
        yield served.repository


def said(capsys: pytest.CaptureFixture[str], *command: str) -> dict[str, Any]:
    """The document that a command prints."""
    capsys.readouterr()
    run([*command, "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


class Story:
    """The units in one environment, promoted in this process."""

    def __init__(self, folder: Path) -> None:
        self.platform = MonitoredPlatform(folder)

    def runtime(self, charts: str) -> Runtime:
        return compose(self.platform.settings.model_copy(update={"charts": charts}))

    def promoted(self, charts: str) -> str:
        """A release, made with that setting and promoted."""
        self.platform.commit()
        runtime = self.runtime(charts)
        release = runtime.releases().create(self.platform.repository, "HEAD", "tester").id
        operations.promote(runtime, LocalExecutor(2), release, "dev")
        return release

    @property
    def state(self) -> EnvironmentState:
        return self.runtime("none").ledger().state("dev")

    def drifted(self, release: str) -> list[str]:
        with opened(self.runtime("none"), release, "dev") as run:
            report, errors = drift.compare(run, LocalExecutor(2))
        assert not errors
        return [found.address for found in report.open]


def test_without_the_chart_its_units_stay_as_they_are_and_everything_says_so(
    cluster: Cluster,
    repository: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    story = Story(tmp_path / "story")
    without = story.promoted("none")
    assert {*story.state.receipts} == {"cluster"}
    for name in ("repository", "store"):
        monkeypatch.setenv(f"FLOWMART_{name.upper()}", str(getattr(story.platform.settings, name)))
    assert said(capsys, "show", without)["made_without"] == {"why": WHY, "units": {"dev": [STACK, RULES]}}
    (notice,) = said(capsys, "status")["dev"]["notices"]
    assert (notice["kind"], notice["text"]) == ("omitted", f"{RULES}, {STACK} stay as they are: {WHY}")

    whole = story.promoted(repository)
    assert {*story.state.receipts} == {"cluster", STACK, RULES}
    rule = cluster.object("prometheusrule", "services", "-n", "flowmart-monitoring")
    assert rule["metadata"]["labels"]["release"] == STACK
    assert story.drifted(whole) == []
    assert said(capsys, "status")["dev"]["notices"] == []

    assert story.promoted("none") == without
    assert story.state.receipts[STACK].target.release == whole
    cluster.kubectl("get", "deployment", "grafana", "-n", "flowmart-monitoring")


def test_where_the_repository_has_no_such_chart_no_release_is_made(tmp_path: Path, repository: str) -> None:
    story = Story(tmp_path / "story")
    with pytest.raises(InvalidInput, match=rf"dependency {CHART} {version()} of .* \(FLOWMART_CHARTS=none\)"):
        story.promoted(f"{repository}/elsewhere")
