"""A real Prometheus scrapes the metrics of the delivery, and the check asks it about that; then their server goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deployments.metrics_server import serving
from tasks.checks import running
from tasks.checks.answers import Surroundings
from tasks.domain.monitoring import PrometheusServer
from tasks.domain.outcome import CheckResult, Outcome
from tasks.domain.platform import Check
from tasks.metrics.exporter import Exporter
from tasks.monitoring.client import Prometheus
from tests.servers import loopback, prometheus_process
from tests.unit.metrics.test_metrics import Story

RULES = """groups:
  - name: delivery
    rules: [{record: "delivery:blocked", expr: 'max(flowmart_environment_state{state="blocked"})'}]
"""
SCRAPING = """global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
scrape_configs:
  - job_name: flowmart
    static_configs: [{targets: ["127.0.0.1:PORT"]}]
"""


@pytest.fixture
def story() -> Story:
    return Story().verified("a")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules.yml").write_text(RULES)
    return tmp_path


def asked(server: Prometheus, **options: object) -> CheckResult:
    around = Surroundings(
        client=lambda service: service,
        outputs={},
        folder=Path("/nowhere"),
        variables={},
        prometheus=lambda _: server,
    )
    return running.run(Check("a check", "prometheus", options, within=0), around)


def comes(wanted: Callable[[], bool]) -> bool:
    """Whether it becomes so: a busy machine takes its time."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if wanted():
            return True
        time.sleep(0.2)
    return False


def test_what_is_scraped_is_known_and_what_is_not_any_more_is_gone_at_once(folder: Path, story: Story) -> None:
    with loopback.serving(serving([Exporter(story.ledger, {})], "127.0.0.1", 0)) as exporter:
        scraping = SCRAPING.replace("PORT", str(exporter.server_address[1]))
        with prometheus_process.running(folder, {}, scraping) as address:
            server = Prometheus(PrometheusServer(address), seconds=120)
            verified = {"query": 'max(flowmart_environment_state{state="verified"})', "at_least": 1}
            assert comes(lambda: asked(server, **verified).outcome is Outcome.SUCCEEDED)
            assert asked(server, scraped="flowmart").found == "1 targets"
            assert asked(server, scraped="flowmrat").outcome is Outcome.FAILED
            assert comes(lambda: asked(server, rules_loaded="delivery").outcome is Outcome.SUCCEEDED)
            assert asked(server, rules_loaded="other").outcome is Outcome.FAILED
            exporter.shutdown()
            exporter.server_close()
            # A series of a target that cannot be scraped is stale from then on: no data, and no old value.
            assert comes(lambda: asked(server, **verified).found == "no data")
            assert comes(lambda: "1 of 1 targets are down" in asked(server, scraped="flowmart").found)
