"""Start and stop a control plane on loopback, in a folder.

The processes start in the order of their dependencies, each after the previous one responds. A control plane that is
started again in the same folder has the same objects and the same address. `FOLDER/kubeconfig` is the
administrator's. If something does not start, `FOLDER/log/` says why.
"""

from __future__ import annotations

import contextlib
import json
import time
import urllib.error
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from deployments import ports
from deployments.peers.kubernetes import keys, options
from deployments.peers.kubernetes.administrator import Administrator, is_ready
from deployments.peers.kubernetes.group import ProcessGroup
from deployments.peers.kubernetes.keys import Keys
from deployments.peers.kubernetes.programs import path_of

__all__ = ["ControlPlane", "NotStarted"]

SERVER = "kube-apiserver"
_SECONDS = 120
"""How long a process may take until it responds. Machines may be busy."""
_NODES = ("node-1", "node-2")
_CAPACITY = {"cpu": "8", "memory": "32Gi", "pods": "110"}
_TAKEN = "address already in use"
_TRIES = 3


class NotStarted(Exception):
    """A process of the control plane ended, or does not respond."""


class ControlPlane:
    """The processes of one control plane. Call `stop` to end them. They also end with this process.

    Args:
        folder: The folder for all files.
        known: Certificates and keys that are shared with others. By default, the control plane has its own.
        more: Additional options of kube-apiserver.
    """

    def __init__(self, folder: Path, known: Keys | None = None, more: Sequence[str] = ()) -> None:
        self.folder = folder.resolve()
        self._keys = known or Keys(self.folder / "keys")
        self.kubeconfig = self.folder / "kubeconfig"
        self._more = more
        self._group = ProcessGroup(self.folder, self.folder / "log")
        self._etcd = ""

    @property
    def administrator(self) -> Administrator:
        """Return the administrator of this control plane."""
        return Administrator(self._ports[SERVER], self._keys)

    @property
    def kubelet(self) -> int:
        """Return the port on which kwok responds as every node's kubelet, once it has started."""
        return self._ports["kubelet"]

    def start(self) -> None:
        """Start all processes, and wait until the nodes are ready.

        Raises:
            NotStarted: A process ended or does not respond. No process is left running.
            MissingProgram: A program is missing.
        """
        (self.folder / "log").mkdir(parents=True, exist_ok=True)
        keys.ensure(self._keys.folder)
        for left in reversed(range(_TRIES)):
            try:
                self._start_all()
                return
            except NotStarted as error:
                self.stop()
                # Another process may take a port between its choice and its use.
                if not left or _TAKEN not in str(error):
                    raise
                self._ports_file.unlink()
            except BaseException:
                self.stop()
                raise

    def stop(self) -> None:
        """End all processes, the last one first. Their data is kept."""
        self._group.stop()

    def start_server(self) -> None:
        """Start kube-apiserver, and wait until it responds.

        Raises:
            NotStarted: It ended or does not respond.
        """
        needed = options.of_server(self._etcd, self._ports[SERVER], self._keys, self.folder)
        self._begin(SERVER, *needed, *self._more)
        self._await(f"{self.administrator.address}/readyz", SERVER)

    def kill_server(self) -> None:
        """Kill kube-apiserver, whatever it is doing."""
        self._group.kill(SERVER)

    @property
    def alive(self) -> bool:
        """Tell whether all processes are running."""
        return self._group.alive

    @property
    def _ports_file(self) -> Path:
        return self.folder / "ports.json"

    @property
    def _ports(self) -> dict[str, int]:
        found: dict[str, int] = json.loads(self._ports_file.read_text())
        return found

    def _start_all(self) -> None:
        self._etcd = f"http://127.0.0.1:{ports.free()}"
        if not self._ports_file.exists():
            self._ports_file.write_text(json.dumps({SERVER: ports.free(), "kubelet": ports.free()}))
        self.administrator.write_kubeconfig(self.kubeconfig)
        self._begin("etcd", *options.of_etcd(self._etcd, self.folder / "etcd"))
        self._await(f"{self._etcd}/health", "etcd")
        self.start_server()
        self._begin("kube-controller-manager", *options.of_controllers(self.kubeconfig, self._keys))
        self._begin("kube-scheduler", *options.of_scheduler(self.kubeconfig))
        self._begin("kwok", *options.of_kwok(self.kubeconfig, self._keys, self.kubelet, self.folder))
        self._await_nodes()

    def _begin(self, name: str, *given: str) -> None:
        self._group.begin(name, path_of(name), given)

    def _await(self, address: str, name: str) -> None:
        for _ in _attempts():
            self._require_alive(name)
            with contextlib.suppress(OSError, urllib.error.HTTPError):
                self.administrator.opened(address)
                return
        raise NotStarted(f"{name} does not answer within {_SECONDS} s; see {self._group.log(name)}")

    def _await_nodes(self) -> None:
        """Wait until the controllers work and the nodes are ready, because nothing can be scheduled before."""
        asked = self.administrator.request
        for name in _NODES:
            asked("POST", "/api/v1/nodes", _node(name))
        for _ in _attempts():
            self._require_alive("kwok")
            account = asked("GET", "/api/v1/namespaces/default/serviceaccounts/default")
            if account.get("metadata") and sum(map(is_ready, self._nodes())) == len(_NODES):
                return
        raise NotStarted(f"no nodes are ready within {_SECONDS} s; see {self.folder}/log")

    def _nodes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.administrator.request("GET", "/api/v1/nodes").get("items", [])
        return found

    def _require_alive(self, name: str) -> None:
        if not self.alive:
            said = self._group.log(name).read_text(errors="replace")[-2000:]
            raise NotStarted(f"a process ended while {name} was starting; see {self.folder}/log: {said}")


def _node(name: str) -> dict[str, Any]:
    status = {"allocatable": _CAPACITY, "capacity": _CAPACITY}
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "status": status}


def _attempts() -> Iterator[None]:
    """Yield at once, and then every 0.1 s until a process's time limit."""
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        yield
        time.sleep(0.1)
