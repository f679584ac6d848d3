"""A playbook of the common kind, on a host of the sandbox: packages, services, users, files, and handlers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.domain.errors import Refused
from tasks.domain.outcome import Outcome
from tasks.domain.platform import Unit
from tasks.domain.release import Inputs, Receipt, Target
from tasks.engines.ansible.engine import ENGINE
from tasks.engines.base import UnitEngine
from tests.peers.tools import tool
from tests.platforms.workspaces import workspace
from tests.servers.hosts import SandboxHosts

SITE = """
- hosts: all
  gather_facts: true
  tasks:
    - name: Know the host
      ansible.builtin.assert:
        that:
          - ansible_facts.pkg_mgr == 'apt'
          - ansible_facts.service_mgr == 'systemd'
          - ansible_facts.distribution == 'Debian' and ansible_facts.distribution_major_version == '12'
    - name: Install
      ansible.builtin.apt: {name: [nginx, curl], state: present, update_cache: true, cache_valid_time: 3600}
    - name: Have a user
      ansible.builtin.user: {name: deploy, shell: /bin/bash, groups: www-data, append: true}
    - name: Have a folder
      ansible.builtin.file: {path: /srv/shop, state: directory, mode: "0750"}
    - name: Configure
      ansible.builtin.copy:
        content: "server { listen 8080; root /srv/shop; }\\n"
        dest: /etc/nginx/conf.d/shop.conf
        mode: "0644"
        validate: test -s %s
      notify: Reload
    - name: Run
      ansible.builtin.service: {name: nginx, state: started, enabled: true}
      ignore_errors: "{{ ansible_check_mode }}"
    - name: Look at packages
      ansible.builtin.package_facts:
    - name: Look at services
      ansible.builtin.service_facts:
    - name: Know what is there
      ansible.builtin.assert:
        that:
          - "'nginx' in ansible_facts.packages"
          - ansible_facts.services['nginx.service'].state == 'running'
      when: not ansible_check_mode
  handlers:
    - name: Reload
      ansible.builtin.systemd_service: {name: nginx, state: reloaded}
      ignore_errors: "{{ ansible_check_mode }}"
"""
REPOSITORY = """
- hosts: all
  gather_facts: true
  tasks:
    - name: Add a repository
      ansible.builtin.apt_repository: {repo: "deb https://download.example/linux bookworm stable"}
"""


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHosts]:
    made = SandboxHosts(tmp_path_factory.mktemp("hosts"), "dev")
    yield made
    made.stop()


def engine(folder: Path, hosts: SandboxHosts, playbook: str) -> UnitEngine:
    (folder / "web").mkdir(parents=True)
    (folder / "web" / "playbook.yml").write_text(playbook)
    (folder / "ansible.cfg").write_text("[ssh_connection]\npipelining = True\n")
    inputs = {"hosts": {"web": "10.0.0.7"}}
    unit = Unit("web", "ansible", "web", ("dev",), inputs=inputs, time_limit=600)
    target, executable = Target("first", "dev", "web"), tool("ansible-playbook")
    variables = hosts.variables
    return ENGINE.make(
        workspace(folder, unit, target=target, reading=variables, writing=variables, executable=executable)
    )


def test_packages_services_and_users_are_planned_made_and_missed(tmp_path: Path, hosts: SandboxHosts) -> None:
    made = engine(tmp_path, hosts, SITE)
    inputs = Inputs({"hosts": {"web": "10.0.0.7"}})
    plan = made.plan(inputs)
    planned = {change.address.removeprefix("web : ") for change in plan.changes}
    assert {"Install", "Have a user", "Have a folder", "Configure"} <= planned
    assert any("nginx nginx-common" in str(change.after) for change in plan.changes)
    assert any("Run" in each and "earlier changes are not made" in each for each in plan.unknown)

    done = made.apply(plan)
    assert done.outcome is Outcome.SUCCEEDED, done.detail
    assert made.verify().outcome is Outcome.SUCCEEDED
    assert hosts.ssh("dev", "nginx -t && systemctl is-active nginx").stdout.strip() == "active"
    assert "www-data" in hosts.ssh("dev", "id -nG deploy").stdout

    receipt = Receipt("dev/1", plan.target, plan.unit_digest, plan.inputs_digest, plan.digest, {}, "")
    hosts.ssh("dev", "systemctl disable --now nginx; apt-get purge -y curl; chmod 700 /srv/shop")
    drifted = {change.address.removeprefix("web : ") for change in made.detect_drift(receipt).changes}
    assert drifted == {"Install", "Have a folder", "Run"}


EARLIER = "    - {name: Configure, copy: {content: a, dest: /etc/earlier, mode: '0644'}}\n"


@pytest.mark.parametrize("earlier", ["", EARLIER], ids=["alone", "after another change"])
def test_a_repository_of_packages_is_refused_at_plan_as_not_emulated(
    tmp_path: Path, hosts: SandboxHosts, earlier: str
) -> None:
    made = engine(tmp_path, hosts, REPOSITORY.replace("  tasks:\n", f"  tasks:\n{earlier}"))
    with pytest.raises(Refused, match=r"not emulated: the sandbox's hosts have no package repositories"):
        made.plan(Inputs({"hosts": {"web": "10.0.0.7"}}))


def test_a_restart_of_the_host_is_not_emulated(tmp_path: Path, hosts: SandboxHosts) -> None:
    made = engine(tmp_path, hosts, "- {hosts: all, gather_facts: false, tasks: [{reboot: {reboot_timeout: 5}}]}\n")
    done = made.apply(made.plan(Inputs({"hosts": {"web": "10.0.0.7"}})))
    assert done.outcome is Outcome.FAILED
    assert "not emulated: the sandbox's hosts have no shutdown" in done.detail


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ("command: swapon /swapfile", "Function not implemented: not emulated: the sandbox's hosts have no swap"),
        (
            "file: {path: /usr/share/flowmart-none, state: directory, mode: '0755'}",
            "Function not implemented: not emulated: the sandbox's hosts cannot change this machine's files",
        ),
    ],
    ids=["swap", "a folder in /usr"],
)
def test_what_the_kernel_does_not_let_a_host_do_is_not_emulated(
    tmp_path: Path, hosts: SandboxHosts, task: str, reason: str
) -> None:
    made = engine(tmp_path, hosts, f"- {{hosts: all, gather_facts: false, tasks: [{{{task}}}]}}\n")
    done = made.apply(made.plan(Inputs({"hosts": {"web": "10.0.0.7"}})))
    assert done.outcome is Outcome.FAILED
    assert reason in done.detail
