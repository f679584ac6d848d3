"""One helm unit with a chart, its releases in a folder, and the engine for it, on a sandbox cluster."""

from __future__ import annotations

import base64
import gzip
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from tasks.domain.outcome import Applied, Outcome
from tasks.domain.plan import Plan
from tasks.domain.platform import Environment, Roles, Unit
from tasks.domain.release import Baseline, Inputs, Receipt, Target
from tasks.engines.base import Workspace
from tasks.engines.helm.engine import Helm
from tasks.processes import Processes
from tests.peers.tools import tool
from tests.servers import clusters
from tests.servers.clusters import PROJECT, Cluster

DEV = Environment("dev", "222222222222", "eu-west-1", Roles("", ""))
GOOD, BETTER, CRASHES, HANGS = "1.0.0", "2.0.0", "broken-crash", "broken-ready"
MIGRATION = """
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-migrate
  namespace: {{ .Release.Namespace }}
  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-delete-policy: before-hook-creation}
spec:
  template:
    spec:
      restartPolicy: Never
      securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: migrate
          image: "shop/migrate:{{ .Values.migration }}"
          resources: {limits: {memory: 16Mi, cpu: 10m}}
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""
"""A template: a hook before installs and upgrades. The value `migration` is its image's tag."""


def prepared(folder: Path) -> Cluster:
    """A cluster as an administrator leaves it: FlowMart's access, and what the services stand on."""
    made = clusters.started(folder)
    kubernetes = PROJECT / "infrastructure/kubernetes"
    clusters.grant_access(made)
    made.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(kubernetes / "overlays/production"))
    return made


class Shop:
    """One unit with a chart, its releases in a folder, and the engine for it."""

    def __init__(self, cluster: Cluster, folder: Path, helm: str, unit: str) -> None:
        self.cluster, self.folder, self.unit = cluster, folder, unit
        self.executable = tool(helm)
        self.chart, self.namespace, self.time_limit = "cart", "flowmart", 60.0
        self.reader, self.writer = "plan", "apply"
        self.options: dict[str, Any] = {}

    def workspace(self, target: Target) -> Workspace:
        inputs = {"namespace": self.namespace}
        unit = Unit(
            self.unit,
            "helm",
            f"charts/{self.chart}",
            ("dev",),
            inputs=inputs,
            time_limit=self.time_limit,
            options=self.options,
        )
        return Workspace(
            target=target,
            infrastructure=self.folder / target.release / "infrastructure",
            unit=unit,
            environment=DEV,
            unit_digest=f"digest of {target.release}",
            reading=lambda: self.cluster.variables(self.reader),
            writing=lambda: self.cluster.variables(self.writer),
            processes=Processes({**os.environ, "HELM_CACHE_HOME": str(self.folder / "cache")}),
            platform="flowmart",
            executable=self.executable,
        )

    def engine(self, target: Target) -> Helm:
        return Helm(self.workspace(target))

    def release(self, name: str) -> Target:
        """A release with FlowMart's charts as they are."""
        charts = self.folder / name / "infrastructure/charts"
        if not charts.exists():
            shutil.copytree(PROJECT / "infrastructure/helm-charts", charts)
        return Target(name, "dev", self.unit)

    def own_chart(self, release: str, dev_values: str = "", **files: str) -> Target:
        """A release with a chart made of these templates; names in crds_... are custom resource definitions.

        `dev_values` is the text of the environment's values file.
        """
        self.chart = "own"
        folder = self.folder / release / "infrastructure/charts/own"
        folder.mkdir(parents=True)
        (folder / "Chart.yaml").write_text("apiVersion: v2\nname: own\nversion: 1.0.0\n")
        if dev_values:
            (folder / "values").mkdir()
            (folder / "values/dev.yaml").write_text(dev_values)
        for name, text in files.items():
            place = folder / ("crds" if name.startswith("crds_") else "templates")
            place.mkdir(exist_ok=True)
            (place / f"{name}.yaml").write_text(text)
        return Target(release, "dev", self.unit)

    def planned(self, target: Target, **values: Any) -> Plan:
        return self.engine(target).plan(Inputs({"namespace": self.namespace, "values": values}))

    def apply(self, plan: Plan) -> Applied:
        return self.engine(plan.target).apply(plan)

    def rollback(self, failed: Target, to: Receipt | Baseline | None) -> Plan:
        """The plan back to a receipt's revision, or to what was there before the first apply."""
        target = to.target if isinstance(to, Receipt) else failed
        plan = self.engine(target).plan_rollback(self.workspace(failed), to)
        assert plan is not None
        return plan

    def drift(self, receipt: Receipt) -> Plan:
        return self.engine(receipt.target).detect_drift(receipt)

    def of_image(self, target: Target, tag: str) -> Plan:
        return self.planned(target, service={"image": {"tag": tag}, "replicas": 1})

    def hurried(self, target: Target, tag: str) -> Plan:
        """A plan, and a time limit that is over soon, but not before a busy machine has got as far as to wait."""
        began = time.monotonic()
        plan = self.of_image(target, tag)
        self.time_limit = max(10.0, 12 * (time.monotonic() - began))
        return plan

    def installed(self, target: Target, tag: str = GOOD) -> Receipt:
        """The receipt of an apply that succeeded."""
        plan = self.of_image(target, tag)
        return self.receipt(plan, self.apply(plan))

    def receipt(self, plan: Plan, applied: Applied) -> Receipt:
        assert applied.outcome is Outcome.SUCCEEDED, applied.detail
        return Receipt("1", plan.target, plan.unit_digest, plan.inputs_digest, plan.digest, applied.outputs, "")

    def helm(self, *arguments: str) -> str:
        """What helm says to the administrator."""
        finished = self.ran(*arguments)
        finished.check_returncode()
        return finished.stdout

    def removed(self) -> None:
        """Nothing of the unit is left, whatever a test did with it."""
        finished = self.ran("uninstall", self.unit, "--wait")
        assert finished.returncode == 0 or "not found" in finished.stderr, finished.stderr

    def ran(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """How helm ended, as the administrator."""
        context = ["--kubeconfig", str(self.cluster.kubeconfig), "--kube-context", "dev-admin"]
        argv = [self.executable, *arguments, *context, "--namespace", self.namespace]
        return subprocess.run(argv, capture_output=True, text=True, timeout=60)

    def statuses(self) -> list[str]:
        """The statuses of all revisions, oldest first, as helm itself tells."""
        return [entry["status"] for entry in json.loads(self.helm("history", self.unit, "--output", "json"))]

    def interrupted(self, status: str, revision: int) -> None:
        """Make helm's record of a revision one that a killed helm leaves, with what revision 1 holds."""
        name = f"sh.helm.release.v1.{self.unit}"
        found = self.cluster.object("secret", f"{name}.v1", "-n", self.namespace)
        record = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(found["data"]["release"]))))
        record |= {"version": revision, "info": {**record["info"], "status": status}}
        packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(record).encode()))).decode()
        labels = {**found["metadata"]["labels"], "status": status, "version": str(revision)}
        metadata = {"name": f"{name}.v{revision}", "namespace": self.namespace, "labels": labels}
        item = {"apiVersion": "v1", "kind": "Secret", "type": found["type"], "metadata": metadata}
        made = json.dumps({**item, "data": {"release": packed}})
        self.cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=made)

    def image(self) -> str:
        deployment = self.cluster.object("deployment", self.unit, "-n", self.namespace)
        return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"]).rpartition(":")[2]


def kill_in_the_middle(shop: Shop, plan: Plan) -> None:
    """Begin what the plan says with helm itself, and kill it while it waits."""
    assert plan.artifact is not None
    folder = plan.artifact.path.parent
    where = ["--kubeconfig", str(shop.cluster.kubeconfig), "--kube-context", "dev-apply", "-n", "flowmart"]
    argv = [
        "upgrade",
        "--install",
        shop.unit,
        str(next(folder.glob("*.tgz"))),
        *(part for file in (*folder.glob("*/values/dev.yaml"), folder / "values.json") for part in ("-f", str(file))),
    ]
    running = subprocess.Popen([shop.executable, *argv, "--wait", *where], stderr=subprocess.DEVNULL)
    while _pods(shop, HANGS) == 0:
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    running.wait()


def _pods(shop: Shop, tag: str) -> int:
    found = shop.cluster.object("pods", "-n", "flowmart", "-l", f"app.kubernetes.io/instance={shop.unit}")["items"]
    return sum(pod["spec"]["containers"][0]["image"].endswith(tag) for pod in found)
