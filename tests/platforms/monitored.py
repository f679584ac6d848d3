"""FlowMart's units that monitor a cluster, as a platform of their own, and a stand-in for the chart that they need.

The stand-in is a chart called kube-prometheus-stack with definitions for the kinds of the rules, and workloads of the
names that the checks ask for. What the public chart itself does is tried by hand, with FLOWMART_CHARTS.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.peers.tools import tool
from tests.platforms.mini import MiniPlatform
from tests.servers.clusters import PROJECT

UNITS = ("cluster", "monitoring-stack", "monitoring-rules")
CHART = "kube-prometheus-stack"
_GROUP = "monitoring.coreos.com"
_KINDS = {"PrometheusRule": "v1", "ServiceMonitor": "v1"}
_DEPLOYMENTS = ("monitoring-operator", "grafana", "kube-state-metrics")
_DAEMONS = ("node-exporter",)


class MonitoredPlatform(MiniPlatform):
    """The units in dev, in a repository with a store of its own; no AWS."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        infrastructure = self.repository / "infrastructure"
        shutil.rmtree(infrastructure)
        for part in ("kubernetes", "helm-charts/monitoring-stack"):
            shutil.copytree(PROJECT / "infrastructure" / part, infrastructure / part)
        declared = yaml.safe_load((PROJECT / "infrastructure/platform.yaml").read_text())
        units = {name: {**declared["units"][name], "environments": ["dev"]} for name in UNITS}
        environments = {"dev": {"cluster": {"plan": "dev-plan", "apply": "dev-apply"}}}
        self.write(
            "platform.yaml", yaml.safe_dump({"platform": "flowmart", "environments": environments, "units": units})
        )


def version() -> str:
    """The version of the chart that FlowMart's own depends on."""
    chart = yaml.safe_load((PROJECT / "infrastructure/helm-charts/monitoring-stack/Chart.yaml").read_text())
    found: str = chart["dependencies"][0]["version"]
    return found


def stand_in(folder: Path) -> bytes:
    """The stand-in, packed by helm."""
    chart = folder / CHART
    (chart / "crds").mkdir(parents=True)
    (chart / "templates").mkdir()
    declared = {"apiVersion": "v2", "name": CHART, "version": version()}
    (chart / "Chart.yaml").write_text(yaml.safe_dump(declared))
    (chart / "crds/crds.yaml").write_text(yaml.safe_dump_all(map(_definition, _KINDS)))
    workloads = [_workload("Deployment", name) for name in _DEPLOYMENTS]
    workloads += [_workload("DaemonSet", name) for name in _DAEMONS]
    (chart / "templates/workloads.yaml").write_text(yaml.safe_dump_all(workloads))
    subprocess.run([tool("helm"), "package", str(chart), "-d", str(folder)], check=True, capture_output=True)
    return (folder / f"{CHART}-{version()}.tgz").read_bytes()


def _definition(kind: str) -> dict[str, Any]:
    plural = f"{kind.lower()}s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    served = {"name": _KINDS[kind], "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{_GROUP}"},
        "spec": {"group": _GROUP, "scope": "Namespaced", "names": names, "versions": [served]},
    }


def _workload(kind: str, name: str) -> dict[str, Any]:
    labels = {"app": name}
    pod = {"containers": [{"name": "it", "image": "registry.example/it:{{ .Chart.Version }}"}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "{{ .Release.Namespace }}"},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }
