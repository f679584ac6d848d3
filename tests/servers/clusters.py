"""Clusters for tests: the sandbox's, or the one that FLOWMART_TEST_KUBECONFIG names.

A given cluster is one to throw away: tests install what they like. What was in it before stays, what a test added is
removed after it, and only one process at a time uses it.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deployments import ports
from deployments.sandbox import kubernetes
from tests.peers.tools import tool

GIVEN = "FLOWMART_TEST_KUBECONFIG"
PROJECT = Path(__file__).parents[2]
PURPOSES = {"plan": kubernetes.PLAN, "apply": kubernetes.DEPLOYER, "admin": kubernetes.ADMINISTRATOR}
"""What the contexts are called, after the name of the cluster, and who acts in them."""

_GROUPS = {"plan": "flowmart:planners", "apply": "flowmart:deployers"}
_CLEANED = (
    "namespaces,customresourcedefinitions,priorityclasses,clusterroles,clusterrolebindings,certificatesigningrequests,"
    "validatingadmissionpolicies,validatingadmissionpolicybindings,validatingwebhookconfigurations"
)
_CLEANED_IN_DEFAULT = "configmaps,secrets,deployments,services,jobs,pods"


class Cluster(Protocol):
    """A cluster with contexts dev-plan, dev-apply and dev-admin in a kubeconfig."""

    kubeconfig: Path

    def variables(self, purpose: str) -> dict[str, str]:
        """What leads helm, kubectl and the product to the cluster, as who acts for that purpose."""
        return {"KUBECONFIG": str(self.kubeconfig), "HELM_KUBECONTEXT": f"dev-{purpose}"}

    def away(self, purpose: str) -> dict[str, str]:
        """What leads to the same cluster, where nobody answers."""
        config = json.loads(self.kubeconfig.read_text())
        config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
        path = self.kubeconfig.with_name("away")
        path.write_text(json.dumps(config))
        return {**self.variables(purpose), "KUBECONFIG": str(path)}

    def kubectl(self, *arguments: str, purpose: str = "admin", input: str | None = None) -> str:
        """What kubectl says; fails the test when it fails."""
        finished = self.ran(*arguments, purpose=purpose, input=input)
        assert finished.returncode == 0, f"{' '.join(arguments)}: {finished.stderr}"
        return finished.stdout

    def ran(
        self, *arguments: str, purpose: str = "admin", input: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """How kubectl ended."""
        argv = [tool("kubectl"), "--kubeconfig", str(self.kubeconfig), "--context", f"dev-{purpose}", *arguments]
        return subprocess.run(argv, capture_output=True, text=True, input=input, timeout=120)

    def object(self, *arguments: str) -> dict[str, Any]:
        """What `kubectl get ... -o json` finds."""
        found: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "-o", "json"))
        return found

    def define(self, definitions: str) -> None:
        """Add kinds; a real server needs a moment before it serves them."""
        self.kubectl("apply", "--server-side", "-f", "-", input=definitions)
        self.kubectl("wait", "-f", "-", "--for=condition=Established", "--timeout=30s", input=definitions)

    def stop(self) -> None:
        """Be done with it."""


def started(folder: Path) -> Cluster:
    """The given cluster, or else one of the sandbox's in a process of its own. `stop` it."""
    given = os.environ.get(GIVEN)
    return GivenCluster(folder, Path(given)) if given else SandboxCluster(folder)


def grant_access(cluster: Cluster) -> None:
    """FlowMart's access, as an administrator applies it; returns once it is in force."""
    access = str(PROJECT / "infrastructure/kubernetes/access")
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-k", access)
    _wait_until_planners_only_rehearse(cluster)


class SandboxCluster(Cluster):
    """One cluster called dev, in a process of its own."""

    command = staticmethod(kubernetes.command)

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.kubeconfig = folder / "kubeconfig"
        self._port = ports.free()
        self._log = (folder / "log").open("w")
        self.begin()
        found = {p: kubernetes.kubeconfig(self.state, self._port, "dev", user) for p, user in PURPOSES.items()}
        users = {purpose: one["users"][0]["user"] for purpose, one in found.items()}
        self.kubeconfig.write_text(json.dumps(_contexts(found["admin"]["clusters"][0]["cluster"], users)))

    def begin(self) -> None:
        """Start the process, and return once it serves."""
        started = self.command(self._port, self.state, ["dev"])
        self._process = subprocess.Popen(started, stdout=self._log, stderr=self._log, cwd=PROJECT)
        self._await()

    def kill(self) -> None:
        """End the process without a chance to finish anything."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait(20)
        self._log.close()

    def _await(self) -> None:
        """Until it serves; the log says why when it ends instead."""
        while not kubernetes.answers(self._port, self.state):
            assert self._process.poll() is None, Path(self._log.name).read_text()
            time.sleep(0.05)


class GivenCluster(Cluster):
    """The cluster of a kubeconfig's current context, whose user may do everything."""

    def __init__(self, folder: Path, given: Path) -> None:
        self.kubeconfig = folder / "kubeconfig"
        self._lock = given.with_name(f"{given.name}.lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        view = [tool("kubectl"), "--kubeconfig", str(given), "config", "view", "--minify", "--raw", "-o", "json"]
        shown = json.loads(subprocess.run(view, capture_output=True, check=True).stdout)
        cluster, users = shown["clusters"][0]["cluster"], {"admin": shown["users"][0]["user"]}
        self.kubeconfig.write_text(json.dumps(_contexts(cluster, users)))
        self._before = self._everything()
        users |= {purpose: self._certified(PURPOSES[purpose], group) for purpose, group in _GROUPS.items()}
        self.kubeconfig.write_text(json.dumps(_contexts(cluster, users)))

    def stop(self) -> None:
        """Remove what is there now and was not before."""
        added = sorted(self._everything() - self._before)
        if added:
            self.kubectl("delete", "--ignore-not-found", "--wait", "--timeout=100s", "-n", "default", *added)
        self._lock.close()

    def _everything(self) -> set[str]:
        found = self.kubectl("get", _CLEANED, "-o", "name").split()
        return {*found, *self.kubectl("get", _CLEANED_IN_DEFAULT, "-n", "default", "-o", "name").split()}

    def _certified(self, name: str, group: str) -> dict[str, str]:
        """A user of that name and group, whom the cluster itself gives a certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        parts = ((NameOID.COMMON_NAME, name), (NameOID.ORGANIZATION_NAME, group))
        subject = x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])
        asked = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
        self.kubectl("create", "-f", "-", input=json.dumps(_signing_request(name, asked)))
        self.kubectl("certificate", "approve", name)
        issued = "--for=jsonpath={.status.certificate}"
        self.kubectl("wait", "certificatesigningrequest", name, issued, "--timeout=60s")
        certificate = self.object("certificatesigningrequest", name)["status"]["certificate"]
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {"client-certificate-data": certificate, "client-key-data": base64.b64encode(private).decode()}


def _signing_request(name: str, asked: x509.CertificateSigningRequest) -> dict[str, Any]:
    spec = {
        "request": base64.b64encode(asked.public_bytes(serialization.Encoding.PEM)).decode(),
        "signerName": "kubernetes.io/kube-apiserver-client",
        "usages": ["client auth"],
    }
    kind = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest"}
    return {**kind, "metadata": {"name": name}, "spec": spec}


def _contexts(cluster: Mapping[str, Any], users: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "dev", "cluster": cluster}],
        "users": [{"name": purpose, "user": user} for purpose, user in users.items()],
        "contexts": [{"name": f"dev-{p}", "context": {"cluster": "dev", "user": p}} for p in users],
        # The least, for whatever forgets to name one.
        "current-context": f"dev-{min(users, key=list(PURPOSES).index)}",
    }


def _wait_until_planners_only_rehearse(cluster: Cluster) -> None:
    """A policy is in force a moment after it was applied."""
    end = time.monotonic() + 60
    while True:
        tried = cluster.ran("create", "configmap", "probe", "-n", "flowmart", purpose="plan")
        if "may only rehearse" in tried.stderr:
            return
        assert time.monotonic() < end, f"planners may do more than rehearse: {tried.stdout}{tried.stderr}"
        cluster.kubectl("delete", "configmap", "probe", "-n", "flowmart", "--ignore-not-found")
