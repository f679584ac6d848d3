"""Direct clients to the disposable hosts: an ssh_config, a known_hosts, and environment variables.

Addresses and playbooks stay those of the real environments. Whatever address a host has, ssh reads the environment
from `FLOWMART_ENVIRONMENT`, which the product sets for Ansible, and connects to that environment's host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from tasks.domain.values import digest_of
from tasks.run_folder import kept_folder

_ALIAS = "flowmart-sandbox"
"""The name of all hosts in known_hosts. They share one sshd, and so one key."""

_HOST = """\
Match originalhost {name}
    Port {port}
    ProxyCommand none
Match exec "test x$FLOWMART_ENVIRONMENT = x{name}"
    Port {port}
    ProxyCommand none
"""
_ALL = """\
Host *
    HostName 127.0.0.1
    User root
    HostKeyAlias {alias}
    UserKnownHostsFile "{folder}/known_hosts"
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    IdentityFile "{folder}/client_key"
    IdentitiesOnly yes
    PreferredAuthentications publickey
    LogLevel ERROR
    ProxyCommand /bin/sh -c 'echo "{otherwise}" >&2; exit 1'
"""


def write_client(folder: Path, ports: Mapping[str, int]) -> None:
    """Write ssh_config and known_hosts.

    Args:
        folder: The folder for the files. It has the client's key and sshd's folder.
        ports: TCP port on 127.0.0.1 of each host, by name.
    """
    otherwise = f"the sandbox has no host for this address; it has {', '.join(ports)}"
    hosts = "".join(_HOST.format(name=name, port=port) for name, port in ports.items())
    _write(folder / "ssh_config", hosts + _ALL.format(alias=_ALIAS, folder=folder, otherwise=otherwise))
    key = (folder / "machine" / "sshd" / "host_key.pub").read_text()
    _write(folder / "known_hosts", f"{_ALIAS} {key}")


def refuse(folder: Path, reason: str) -> None:
    """Write an ssh_config with which every connection fails, and prints this reason."""
    folder.mkdir(parents=True, exist_ok=True)
    safe = re.sub(r"[^\w .,;:()/=-]", " ", reason)
    _write(folder / "ssh_config", _ALL.format(alias=_ALIAS, folder=folder, otherwise=safe))


def variables(folder: Path, builder: int | None) -> dict[str, str]:
    """Return the environment variables that direct Ansible and Packer to the hosts.

    Args:
        folder: The folder with ssh_config.
        builder: The builder's port; `None` for no variables of Packer.
    """
    built = {
        "PKR_VAR_ssh_host": "127.0.0.1",
        "PKR_VAR_ssh_port": str(builder),
        "PKR_VAR_ssh_username": "root",
        "PKR_VAR_ssh_private_key_file": str(_without_spaces(folder / "client_key")),
    }
    return {
        "ANSIBLE_SSH_ARGS": f'-F "{folder}/ssh_config" -o ControlMaster=auto -o ControlPersist=10s',
        "ANSIBLE_HOST_KEY_CHECKING": "true",
        "ANSIBLE_REMOTE_USER": "root",
        **(built if builder else {}),
    }


def _without_spaces(key: Path) -> Path:
    """Return the key, or its copy if there is a space in its path.

    Packer's Ansible provisioner passes the path to Ansible as `NAME=PATH`, without quotes.
    """
    if not re.search(r"\s", str(key)) or not key.exists():
        return key
    copy, text = kept_folder("sandbox-keys") / digest_of(str(key)), key.read_text()
    if not copy.is_file() or copy.read_text() != text:
        _write(copy, text)
    return copy


def _write(file: Path, text: str) -> None:
    """Replace a file with mode 0600, because ssh rejects a configuration that others may write."""
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(text)
