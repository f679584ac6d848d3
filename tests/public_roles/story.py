"""What a role goes through: the same as a public chart does, with a change by hand that is the role's own."""

from __future__ import annotations

from typing_extensions import override

from tests.public_charts.story import Story
from tests.public_roles.platform import ENVIRONMENT, PublicPlatform
from tests.servers.hosts import SandboxHosts


class RoleStory(Story):
    """One role, on a host of its own."""

    def __init__(self, platform: PublicPlatform, hosts: SandboxHosts) -> None:
        super().__init__(platform, hosts)
        self._hosts = hosts

    @override
    def _drift(self) -> str:
        by_hand = self._platform.role.by_hand
        done = self._hosts.ssh(ENVIRONMENT, by_hand)
        if done.returncode != 0:
            return f"{by_hand}: {done.stderr}"
        return "" if self._drifted() else f"the change by hand was not found: {by_hand}"
