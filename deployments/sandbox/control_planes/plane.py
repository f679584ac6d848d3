"""One real control plane with the users of the sandbox's clusters, and a proxy that responds for its pods."""

from __future__ import annotations

import json
import ssl
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from deployments.peers.kubernetes.control_plane import ControlPlane
from deployments.peers.kubernetes.keys import Keys
from deployments.sandbox.control_planes.network import PodNetwork
from deployments.sandbox.kubernetes import configs
from deployments.sandbox.kubernetes.access import tokens
from deployments.sandbox.kubernetes.resources import Object


class Plane:
    """One cluster of a sandbox.

    Args:
        state: The folder of all clusters. Its `ca.crt` is the authority of all of them.
        name: The cluster's name.
        keys: The certificates and keys of all clusters.
    """

    def __init__(self, state: Path, name: str, keys: Keys) -> None:
        self.name = name
        self._state, self._keys = state, keys
        self._folder = state / name
        self._folder.mkdir(parents=True, exist_ok=True)
        # The proxy lives as long as this process, because kube-apiserver keeps its address.
        self._network = PodNetwork(self._folder, self._all_pods, lambda: self._control.kubelet)
        users = self._folder / "tokens.csv"
        _write_users(users, tokens.ensure(self._folder / "tokens.json"))
        more = (self._network.option(), f"--token-auth-file={users}")
        self._control = ControlPlane(self._folder, keys, more)

    def start(self) -> None:
        """Start the control plane, and write the files through which clients find it.

        Raises:
            NotStarted: A process ended or does not respond.
            MissingProgram: A program is missing.
        """
        self._control.start()
        configs.served_at(self._state, self.name).write_text(self._control.administrator.address)
        for user in tokens.GROUPS:
            configs.write(self._state, 0, self.name, user)

    def stop(self) -> None:
        """End the processes. The cluster's objects are kept."""
        self._control.stop()
        self._network.shutdown()

    @property
    def alive(self) -> bool:
        """Tell whether all processes are running."""
        return self._control.alive

    @property
    def host(self) -> str:
        """Return the host and port of the API."""
        return urlsplit(self._control.administrator.address).netloc

    def pods(self, authorization: str) -> list[Object]:
        """Return all pods, as seen with this Authorization header.

        Raises:
            HTTPError: The API rejects the request.
        """
        address, header = f"https://{self.host}/api/v1/pods", {"Authorization": authorization}
        asked = urllib.request.Request(address, headers=header)
        trusted = ssl.create_default_context(cafile=str(self._keys.authority))
        handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusted))
        with urllib.request.build_opener(*handlers).open(asked, timeout=5) as answer:
            found: list[Object] = json.loads(answer.read())["items"]
        return found

    def _all_pods(self) -> list[Object]:
        return self._control.administrator.pods()


def _write_users(file: Path, known: dict[str, str]) -> None:
    """Write a static token file.

    https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file
    """
    lines = [f'{known[user]},{user},{user},"{",".join(groups)}"\n' for user, groups in tokens.GROUPS.items()]
    file.touch(mode=0o600)
    file.write_text("".join(lines))
