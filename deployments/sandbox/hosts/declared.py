"""Which hosts there are to be, and whether there can be any: decided before the part is started."""

from __future__ import annotations

import json
from collections.abc import Callable

from deployments import processes
from deployments.sandbox.hosts import client, machine
from deployments.sandbox.layout import SandboxLayout
from tasks.domain.platform import Platform

PART = "hosts"


def declare(layout: SandboxLayout, platform: Platform, report: Callable[[str], None]) -> bool:
    """Whether there will be hosts. Where not, every connection to one is refused with the reason."""
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
    """What starts the part: `port` leads to the builder, a port of their own to the others."""
    names = (layout.hosts / "names").read_text().split()
    ports = {n: processes.free_port(layout, f"{PART}-{n}") for n in names if n != machine.BUILDER}
    ports[machine.BUILDER] = port or 0
    (layout.hosts / "ports.json").write_text(json.dumps(ports))
    client.write_client(layout.hosts, ports)
    return machine.command(layout.hosts, ports)


def _ports(layout: SandboxLayout) -> dict[str, int]:
    file = layout.hosts / "ports.json"
    return json.loads(file.read_text()) if file.exists() else {}
