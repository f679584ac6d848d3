"""Throw-away hosts for tests of what is done over ssh: the sandbox's part, alone, in a folder of the test's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from deployments import processes, services
from deployments.sandbox import hosts
from deployments.sandbox.layout import SandboxLayout
from deployments.sandbox.parts import HOSTS, KINDS
from tasks.domain.platform import Environment, Platform, Roles, Unit


def platform(*environments: str) -> Platform:
    """One with a unit of Ansible's in each of these environments."""
    known = tuple(Environment(name, "222222222222", "eu-west-1", Roles("", "")) for name in environments)
    return Platform("tests", known, (Unit("bastion", "ansible", "ansible", environments),))


class SandboxHosts:
    """A host for each environment, and the builder."""

    def __init__(self, folder: Path, *environments: str) -> None:
        self.layout = SandboxLayout(folder)
        self.said = list[str]()
        self.up(*environments)

    def up(self, *environments: str) -> None:
        """Start what does not run yet."""
        assert hosts.declare(self.layout, platform(*environments), self.said.append), self.said
        self.process, _ = services.ensure_started(self.layout, KINDS[HOSTS])
        self.process = services.wait_until_ready(self.layout, KINDS[HOSTS], self.process)

    def root(self, host: str) -> Path:
        """Where the root folder of a host is on the real machine."""
        return self.layout.hosts / host / "root"

    def variables(self, environment: str = "") -> Mapping[str, str]:
        """What leads ssh, ansible and packer there; what is done by hand works for an `environment`."""
        return {**hosts.variables(self.layout.hosts, self.process.port), "FLOWMART_ENVIRONMENT": environment}

    def ssh(self, host: str, command: str, environment: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command of the shell on a host."""
        argv = ("ssh", "-F", str(self.layout.hosts / "ssh_config"), host, command)
        variables = {**os.environ, "FLOWMART_ENVIRONMENT": environment}
        return subprocess.run(argv, capture_output=True, text=True, timeout=30, env=variables)

    def stop(self) -> None:
        """End them, and throw their roots away."""
        processes.end(self.layout, self.process)
        hosts.forget(self.layout.hosts)
