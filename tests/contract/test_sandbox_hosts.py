"""The throw-away hosts: real ssh, and a machine behind it from which nothing reaches the real one."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deployments.sandbox import hosts
from deployments.sandbox.hosts import client
from tests.servers.descendants import descendants
from tests.servers.hosts import SandboxHosts

NO = ("Read-only", "ermission denied", "not permitted", "superuser")
"""How programs say that they may not."""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHosts]:
    made = SandboxHosts(tmp_path_factory.mktemp("hosts"), "dev", "staging")
    yield made
    made.stop()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[SandboxHosts]:
    """Hosts that a test may end and start itself."""
    made = SandboxHosts(tmp_path, "dev")
    yield made
    made.stop()


def said(machine: SandboxHosts, host: str, command: str) -> str:
    done = machine.ssh(host, command)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_what_is_done_to_a_host_never_reaches_the_real_machine(machine: SandboxHosts) -> None:
    before = Path("/etc/login.defs").read_bytes()
    said(machine, "dev", "echo probe > /etc/flowmart-probe && rm /etc/login.defs && mkdir -m 000 /opt/closed")

    assert not Path("/etc/flowmart-probe").exists()
    assert Path("/etc/login.defs").read_bytes() == before
    assert not Path("/opt/closed").exists()
    assert (machine.root("dev") / "etc" / "flowmart-probe").read_text() == "probe\n"


def test_a_session_is_root_of_a_host_with_a_name_of_its_own(machine: SandboxHosts) -> None:
    assert said(machine, "dev", "id -un; hostname; pwd").split() == ["root", "dev", "/root"]
    assert said(machine, "staging", "hostname") == "staging"


def test_hosts_do_not_see_each_other(machine: SandboxHosts) -> None:
    said(machine, "dev", "touch /srv/only-here")
    assert said(machine, "staging", "ls /srv") == ""


@pytest.mark.parametrize(
    "attempt",
    [
        "touch /usr/flowmart-probe",
        "echo > /usr/bin/env",
        "mount -o remount,rw /usr && touch /usr/flowmart-probe",
        "echo 77 > /proc/sys/vm/swappiness",
        "mount -o remount,rw /proc/sys && echo 77 > /proc/sys/vm/swappiness",
        "umount /usr",
        "ls /proc/1/root/etc",
        "mknod /tmp/disk b 254 0",
        'date --set "$(date)"',
    ],
)
def test_the_real_machine_cannot_be_changed_on_purpose_either(machine: SandboxHosts, attempt: str) -> None:
    done = machine.ssh("dev", attempt)
    assert done.returncode != 0
    assert any(no in done.stderr for no in ("Read-only", "ermission denied", "not permitted", "superuser")), (
        done.stderr
    )


def test_only_its_own_processes_are_to_be_seen(machine: SandboxHosts) -> None:
    assert said(machine, "dev", "cat /proc/1/comm") == "systemd"
    assert "pytest" not in said(machine, "dev", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")


def test_nobodys_secrets_are_in_there(machine: SandboxHosts) -> None:
    copied = [f for f in (machine.root("dev") / "etc").rglob("*") if f.is_file() and not f.is_symlink()]
    assert copied
    own = ("shadow", "ssh_host_ed25519_key")
    hidden = [f for f in copied if f.name not in own and not f.stat().st_mode & 0o004]
    assert not hidden
    key = machine.root("dev") / "etc" / "ssh" / "ssh_host_ed25519_key"
    assert key.read_text() == (machine.layout.hosts / "machine" / "sshd" / "host_key").read_text()
    assert said(machine, "dev", "cat /etc/shadow").count(":*:") == 1


def test_a_host_has_other_users_where_whoever_starts_it_may_have_them(machine: SandboxHosts) -> None:
    users = int(said(machine, "dev", "cat /proc/self/uid_map").split()[2])
    given = machine.ssh("dev", "touch /srv/given && chown 33:33 /srv/given && stat -c %u:%g /srv/given").stdout
    assert given.strip() == ("33:33" if users > 1 else "")


def test_files_are_copied_there_and_back(machine: SandboxHosts, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("as it was")
    config = str(machine.layout.hosts / "ssh_config")
    for protocol in ("-s", "-O"):
        there = f"dev:/opt/copied{protocol}"
        subprocess.run(("scp", "-q", protocol, "-F", config, tmp_path / "there", there), check=True, timeout=30)
        subprocess.run(("scp", "-q", protocol, "-F", config, there, tmp_path / "back"), check=True, timeout=30)
        assert (tmp_path / "back").read_text() == "as it was"


IMPORT = """
import sys, zipfile
with zipfile.ZipFile("/tmp/sent.zip", "w") as sent:
    sent.writestr("colour.py", "TOLD = {told!r}")
sys.path.insert(0, "/tmp/sent.zip")
import colour
print(colour.TOLD)
"""
"""As Ansible sends its modules: in an archive."""


def test_what_python_compiles_of_an_archive_is_taken_again_for_the_same_text_only(machine: SandboxHosts) -> None:
    folder = machine.layout.hosts / "dev" / "local" / "lib" / "flowmart" / "compiled"
    imported = lambda told: said(machine, "dev", f"python3 -c {shlex.quote(IMPORT.format(told=told))}")  # noqa: E731
    before = set(folder.glob("*"))
    assert imported("blue") == "blue"
    (blue,) = set(folder.glob("*")) - before
    assert imported("green") == "green"
    (green,) = set(folder.glob("*")) - before - {blue}

    blue.write_bytes(green.read_bytes())
    assert imported("blue") == "green"
    blue.write_text("cut off")
    assert imported("blue") == "blue"


def test_what_a_command_ended_with_comes_back(machine: SandboxHosts) -> None:
    assert machine.ssh("dev", "exit 7").returncode == 7
    assert said(machine, "dev", "printf '%s|' \"a  b\" '$x'") == "a  b|$x|"


def test_every_address_of_an_environment_leads_to_its_host(machine: SandboxHosts) -> None:
    for address in ("10.10.64.7", "i-0123456789abcdef0", "bastion.flowmart.example"):
        assert machine.ssh(address, "hostname", "dev").stdout.strip() == "dev"
        assert machine.ssh(address, "hostname", "staging").stdout.strip() == "staging"


def test_an_address_of_no_environment_is_refused(machine: SandboxHosts) -> None:
    done = machine.ssh("10.10.64.7", "hostname")
    assert done.returncode == 255
    assert "the sandbox has no host for this address; it has dev, staging, builder" in done.stderr


def test_the_hosts_key_is_checked(machine: SandboxHosts, tmp_path: Path) -> None:
    known = (machine.layout.hosts / "known_hosts").read_text()
    assert known.startswith("flowmart-sandbox ssh-ed25519 ")
    other = tmp_path / "known_hosts"
    other.write_text("")
    argv = ("ssh", "-F", str(machine.layout.hosts / "ssh_config"), "-o", f"UserKnownHostsFile={other}", "dev", "true")
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30)
    assert done.returncode == 255
    assert "verification failed" in done.stderr


def reach_the_builder(hosts: SandboxHosts) -> str:
    """What the builder calls itself, reached as Packer's Ansible provisioner does."""
    told = hosts.variables()
    where = f"{told['PKR_VAR_ssh_username']}@{told['PKR_VAR_ssh_host']}"
    options = ("-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null")
    key = ("-i", told["PKR_VAR_ssh_private_key_file"], "-p", told["PKR_VAR_ssh_port"])
    assert not re.search(r"\s", key[1]), "the provisioner would not quote it"
    done = subprocess.run(("ssh", *options, *key, where, "hostname"), capture_output=True, text=True, timeout=30)
    return done.stdout.strip()


def test_packer_reaches_the_builder_by_its_variables(machine: SandboxHosts) -> None:
    assert reach_the_builder(machine) == "builder"


def test_packer_reaches_the_builder_of_a_repository_with_a_space_in_its_path(tmp_path: Path) -> None:
    hosts = SandboxHosts(tmp_path / "my projects", "dev")
    try:
        assert reach_the_builder(hosts) == "builder"
    finally:
        hosts.stop()


def test_down_ends_what_was_started_on_hosts_too(own: SandboxHosts) -> None:
    said(own, "dev", "nohup sleep 4242 >/dev/null 2>&1 & until grep -q sleep /proc/$!/comm; do :; done")
    started = psutil.Process(own.process.pid).children(recursive=True)
    assert descendants(psutil.Process(own.process.pid), "sleep")
    own.stop()
    assert not psutil.wait_procs(started, timeout=10)[1]
    assert not own.layout.hosts.exists()


def test_what_is_on_a_host_stays_when_the_platform_gets_another(own: SandboxHosts) -> None:
    said(own, "dev", "echo kept > /etc/kept")
    own.up("dev", "production")
    assert said(own, "dev", "cat /etc/kept") == "kept"
    assert said(own, "production", "hostname") == "production"


def test_where_there_cannot_be_hosts_ssh_says_why(tmp_path: Path) -> None:
    client.refuse(tmp_path, "sshd is missing: install it with: apt-get install openssh-server")
    assert "PKR_VAR_ssh_port" not in hosts.variables(tmp_path, None)
    argv = ("ssh", "-F", str(tmp_path / "ssh_config"), "10.10.64.7", "true")
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30)
    assert done.returncode == 255
    assert "sshd is missing: install it with: apt-get install openssh-server" in done.stderr
