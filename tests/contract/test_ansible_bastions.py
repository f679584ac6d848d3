"""Hosts behind a bastion, as inventories describe them, through two real sshds: one is jumped over to the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.sandbox.hosts.client import variables
from tasks.domain.errors import Refused, Unanswered
from tasks.domain.outcome import Outcome
from tasks.domain.platform import Unit
from tasks.domain.release import Inputs, Target
from tasks.engines.ansible.engine import ENGINE
from tasks.engines.base import UnitEngine
from tests.peers.tools import tool
from tests.platforms.workspaces import workspace
from tests.servers.hosts import SandboxHosts

NOBODY = 1
"""A port that nobody listens on."""

SITE = """
- hosts: web
  gather_facts: false
  tasks:
    - name: Write
      ansible.builtin.copy: {content: "{{ jump }}", dest: "/srv/behind", mode: "0644"}
"""
CONFIG = """
Host *
    User root
    HostKeyAlias flowmart-sandbox
    UserKnownHostsFile "{known}"
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    IdentityFile "{key}"
    IdentitiesOnly yes
"""


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHosts]:
    made = SandboxHosts(tmp_path_factory.mktemp("hosts"), "dev")
    yield made
    made.stop()


class Private:
    """A host in a private network, with its bastion as the inventory's variables name it."""

    def __init__(self, folder: Path, hosts: SandboxHosts, jump: str, *, key: str = "client_key") -> None:
        known, self.folder = hosts.layout.hosts, folder
        self.config = folder / "ssh_config"
        self.config.write_text(CONFIG.format(known=known / "known_hosts", key=known / key))
        place = folder / "infrastructure" / "site"
        place.mkdir(parents=True)
        (place / "site.yml").write_text(SITE)
        port = next(
            int(line.split()[1]) for line in (known / "ssh_config").read_text().splitlines() if "Port" in line
        )
        (place / "hosts.ini").write_text(
            f"[web]\nweb-1 ansible_host=127.0.0.1 ansible_port={port} jump=jumped\n"
            f"[web:vars]\nansible_ssh_common_args='{jump}'\n"
        )

    @property
    def engine(self) -> UnitEngine:
        options = {"playbook": "site.yml", "inventory": "hosts.ini"}
        unit = Unit("site", "ansible", "site", ("dev",), options=options, time_limit=300)
        environment = {"ANSIBLE_SSH_ARGS": f'-F "{self.config}"', "ANSIBLE_HOST_KEY_CHECKING": "true"}
        target, executable = Target("first", "dev", "site"), tool("ansible-playbook")
        given = lambda: environment  # noqa: E731
        place = self.folder / "infrastructure"
        return ENGINE.make(workspace(place, unit, target=target, reading=given, writing=given, executable=executable))


def bastion(hosts: SandboxHosts) -> str:
    """The port of the other sshd."""
    return str(variables(hosts.layout.hosts, hosts.process.port)["PKR_VAR_ssh_port"])


def test_a_host_is_reached_over_its_bastion(tmp_path: Path, hosts: SandboxHosts) -> None:
    jump = f"-o ProxyJump=root@127.0.0.1:{bastion(hosts)}"
    engine = Private(tmp_path, hosts, jump).engine
    done = engine.apply(engine.plan(Inputs({})))
    assert done.outcome is Outcome.SUCCEEDED, done.detail
    assert hosts.ssh("dev", "cat /srv/behind").stdout == "jumped"


@pytest.mark.parametrize(
    "jump",
    [
        f"-o ProxyJump=root@127.0.0.1:{NOBODY}",
        f'-o ProxyCommand="ssh -W %h:%p -p {NOBODY} root@127.0.0.1"',
    ],
)
def test_a_bastion_that_does_not_answer_is_no_answer(tmp_path: Path, hosts: SandboxHosts, jump: str) -> None:
    with pytest.raises(Unanswered, match="hosts cannot be reached\nweb-1 : Write: "):
        Private(tmp_path, hosts, jump).engine.plan(Inputs({}))


def test_a_bastion_that_does_not_let_us_in_is_a_no(tmp_path: Path, hosts: SandboxHosts) -> None:
    jump = f"-o ProxyJump=root@127.0.0.1:{bastion(hosts)}"
    private = Private(tmp_path, hosts, jump, key="missing_key")
    with pytest.raises(Refused, match=r"hosts refuse the login\nweb-1 : Write: .*Permission denied"):
        private.engine.plan(Inputs({}))
