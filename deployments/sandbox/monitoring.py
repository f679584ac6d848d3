"""The sandbox's Prometheus: a real one that scrapes the clusters' simulated pods and the delivery's own metrics.

One server holds the metrics of all environments; the label `cluster` distinguishes them.
https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_sd_config
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from deployments.sandbox import kubernetes
from deployments.sandbox.layout import SandboxLayout
from deployments.setup.system_packages import PACKAGES
from tasks.domain.platform import Platform

SCRAPES = "3s"
"""The scrape interval: so short that a window of 15 seconds holds enough scrapes, and nobody waits for minutes."""


def missing() -> str:
    """Return a sentence that says why there is no Prometheus and what to do; "" if the program is installed."""
    if shutil.which("prometheus"):
        return ""
    package = next(package for package in PACKAGES if package.program == "prometheus")
    return f"there is no prometheus on PATH, so no metrics decide in this sandbox; {package.remedy}"


def wanted(platform: Platform) -> bool:
    """Tell whether platform.yaml declares a Prometheus for any environment."""
    return any(environment.prometheus for environment in platform.environments)


def declare(layout: SandboxLayout, infrastructure: Path) -> None:
    """Write a file with the variables that tell the exporter which repository and store to report on."""
    layout.monitoring.mkdir(parents=True, exist_ok=True)
    variables = {"FLOWMART_REPOSITORY": str(infrastructure.parent), "FLOWMART_STORE": str(layout.store)}
    _exporter(layout).write_text(json.dumps({**variables, "FLOWMART_PROFILE": "none"}))


def configure(layout: SandboxLayout, clusters: Sequence[str], api: int, exporter: int) -> bool:
    """Write the configuration of Prometheus.

    Args:
        layout: the sandbox's files.
        clusters: the names of the clusters.
        api: the port of the clusters' API on 127.0.0.1.
        exporter: the port of the delivery's metrics on 127.0.0.1.

    Returns:
        Whether the configuration has changed, so that a running Prometheus must be restarted.
    """
    scraped = [_pods(layout, name, api) for name in clusters] + [_delivery(exporter)]
    text = yaml.safe_dump({"global": {"scrape_interval": SCRAPES}, "scrape_configs": scraped}, sort_keys=False)
    file = _configuration(layout)
    if file.exists() and file.read_text() == text:
        return False
    file.touch(mode=0o600)
    file.write_text(text)
    return True


def command(layout: SandboxLayout, port: int | None) -> list[str]:
    """Return the command that starts Prometheus."""
    return [
        "prometheus",
        f"--config.file={_configuration(layout)}",
        f"--storage.tsdb.path={layout.monitoring / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]


def exporter_command(_: SandboxLayout, port: int | None) -> list[str]:
    """Return the command that starts the exporter, which serves the delivery's metrics."""
    return [sys.executable, "-m", "deployments.cli", "metrics", "--serve", str(port)]


def exporter_variables(layout: SandboxLayout, _: int | None) -> Mapping[str, str]:
    """Return the exporter's variables, as `declare` wrote them."""
    found: Mapping[str, str] = json.loads(_exporter(layout).read_text())
    return found


def _configuration(layout: SandboxLayout) -> Path:
    return layout.monitoring / "prometheus.yml"


def _exporter(layout: SandboxLayout) -> Path:
    return layout.monitoring / "exporter.json"


def _delivery(port: int) -> dict[str, Any]:
    return {"job_name": "flowmart", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}], "scrape_interval": "15s"}


def _pods(layout: SandboxLayout, cluster: str, port: int) -> dict[str, Any]:
    """Return the scrape job for all ready pods of a cluster, which Prometheus discovers through the cluster's API."""
    token = kubernetes.kubeconfig(layout.clusters, port, cluster)["users"][0]["user"]["token"]
    access = {
        "authorization": {"type": "Bearer", "credentials": token},
        "tls_config": {"ca_file": str(layout.clusters / "ca.crt")},
    }
    found = {"url": f"https://127.0.0.1:{port}/targets/{cluster}", "refresh_interval": SCRAPES, **access}
    return {"job_name": f"pods-{cluster}", "scheme": "https", "http_sd_configs": [found], **access}
