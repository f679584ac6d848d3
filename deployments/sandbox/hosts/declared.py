"""Decide which hosts are needed and whether they are possible, before the part starts."""

from __future__ import annotations

import json
from collections.abc import Callable

from deployments import processes
from deployments.sandbox.hosts import client, machine
from deployments.sandbox.layout import SandboxLayout
from tasks.domain.platform import Platform

PART = "hosts"


def declare(layout: SandboxLayout, platform: Platform, report: Callable[[str], None]) -> bool:
    """Prepare the hosts of a platform.

    If hosts are impossible here, configure ssh so that every connection fails with the reason. If the set of hosts
    changed, end the running part.

    Args:
        layout: The sandbox's folders.
        platform: The platform whose environments need hosts.
        report: Receives the reason if hosts are impossible.

    Returns:
        Whether there will be hosts.
    """
    layout.hosts.mkdir(parents=True, exist_ok=True)
    reason = machine.why_not(layout.hosts)
    if reason:
        report(f"hosts: {reason}")
        client.refuse(layout.hosts, reason)
        return False
    names = machine.names_of(platform)
    running = processes.find(layout, PART)
    if running and tuple(_ports(layout)) != names:
        processes.end(layout, running)
    machine.prepare(layout.hosts, names)
    (layout.hosts / "names").write_text("\n".join(names))
    return True


def command(layout: SandboxLayout, port: int | None) -> list[str]:
    """Return the command that starts the part, and write the clients' configuration.

    Args:
        layout: The sandbox's folders.
        port: The builder's TCP port. Every other host gets a free port.
    """
    names = (layout.hosts / "names").read_text().split()
    ports = {n: processes.free_port(layout, f"{PART}-{n}") for n in names if n != machine.BUILDER}
    ports[machine.BUILDER] = port or 0
    (layout.hosts / "ports.json").write_text(json.dumps(ports))
    client.write_client(layout.hosts, ports)
    return machine.command(layout.hosts, ports)


def _ports(layout: SandboxLayout) -> dict[str, int]:
    file = layout.hosts / "ports.json"
    return json.loads(file.read_text()) if file.exists() else {}
