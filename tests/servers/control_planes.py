"""A real control plane of a test's own, whose API server is killed in the middle of what somebody asks it for."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deployments.peers.kubernetes.control_plane import ControlPlane

FILES = ("test_control_planes.py", "test_server_killed.py", "test_webhooks.py")
NOT_RUN = f"not run: {', '.join(FILES)} (they need real control planes: make peers-kubernetes test-peers-kubernetes)"
Request = Mapping[str, Any]
"""An event of the audit log."""

_WRITES = ("create", "patch", "update", "delete")
_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "rules": [{"level": "Metadata", "verbs": list(_WRITES)}, {"level": "None"}],
}


class AuditedPlane(ControlPlane):
    """One that writes down every write that it is asked for, before it does it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        policy, self.log = folder / "policy.json", folder / "audit.log"
        policy.write_text(json.dumps(_POLICY))
        super().__init__(folder, more=(f"--audit-policy-file={policy}", f"--audit-log-path={self.log}"))

    @contextmanager
    def killed_at(self, moment: Callable[[Request], bool]) -> Iterator[threading.Event]:
        """Kill the API server at the first request of that kind from now on, and start it again.

        Returns:
            What is set once it was killed.
        """
        killed, over = threading.Event(), threading.Event()
        begin = self.log.stat().st_size

        def watch() -> None:
            with self.log.open() as log:
                log.seek(begin)
                while not over.wait(0.005):
                    if any(moment(request) for request in _received(log.readlines())):
                        self.kill_server()
                        killed.set()
                        self.start_server()
                        return

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            yield killed
        finally:
            over.set()
            watching.join()


def _received(lines: list[str]) -> list[Request]:
    """The requests in lines of the log, of which the last may be half written: then it is not the moment."""
    events = [json.loads(line) for line in lines if line.endswith("}\n")]
    return [event for event in events if event["stage"] == "RequestReceived"]
