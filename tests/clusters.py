"""A sandbox cluster for tests: its process, a kubeconfig with a context a purpose, and kubectl for all of them."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from deployments.sandbox import kubernetes
from tests.tools import tool

PROJECT = Path(__file__).parents[1]
PURPOSES = {"plan": kubernetes.PLAN, "apply": kubernetes.DEPLOYER, "admin": kubernetes.ADMINISTRATOR}
"""What the contexts are called, after the name of the cluster, and who acts in them."""


class SandboxCluster:
    """One cluster called dev, in a process of its own. `stop` it."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.kubeconfig = folder / "kubeconfig"
        self._port = _free_port()
        self._log = (folder / "log").open("w")
        command = kubernetes.command(self._port, self.state, ["dev"])
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log, cwd=PROJECT)
        self._await()
        self.kubeconfig.write_text(json.dumps(self._contexts()))

    def variables(self, purpose: str) -> dict[str, str]:
        """What leads helm, kubectl and the product to the cluster, as who acts for that purpose."""
        return {"KUBECONFIG": str(self.kubeconfig), "HELM_KUBECONTEXT": f"dev-{purpose}"}

    def kubectl(self, *arguments: str, purpose: str = "admin", input: str | None = None) -> str:
        """What kubectl says; fails the test when it fails."""
        argv = [tool("kubectl"), "--kubeconfig", str(self.kubeconfig), "--context", f"dev-{purpose}", *arguments]
        finished = subprocess.run(argv, capture_output=True, text=True, input=input, timeout=60)
        assert finished.returncode == 0, f"{' '.join(arguments)}: {finished.stderr}"
        return finished.stdout

    def object(self, *arguments: str) -> dict[str, Any]:
        """What `kubectl get ... -o json` finds."""
        found: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "-o", "json"))
        return found

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

    def _contexts(self) -> dict[str, Any]:
        found = {p: kubernetes.kubeconfig(self.state, self._port, "dev", user) for p, user in PURPOSES.items()}
        cluster = found["admin"]["clusters"][0]["cluster"]
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "dev", "cluster": cluster}],
            "users": [{"name": purpose, "user": one["users"][0]["user"]} for purpose, one in found.items()],
            "contexts": [{"name": f"dev-{p}", "context": {"cluster": "dev", "user": p}} for p in PURPOSES],
            "current-context": "dev-plan",
        }


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
