"""The inventories that a unit's options name: files, folders, and configurations of plugins such as aws_ec2.

Ansible itself lists their hosts, again for each plan and apply. The result of a plugin may change at any time, and
what was planned for some hosts must not be applied to others.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.domain.errors import FlowmartError, Refused, Unanswered, Unequipped
from tasks.domain.platform import Unit
from tasks.engines.ansible.errors import LOCKED, is_locked, is_lost, is_without_login
from tasks.engines.ansible.options import AnsibleOptions
from tasks.engines.playbooks import files_below
from tasks.processes import Command, Processes

_BESIDE = ("group_vars", "host_vars")
"""Folders next to an inventory that Ansible reads with it."""

_SECONDS = 300.0

_UNKNOWN_PLUGIN = re.compile(r"unknown plugin '(\w+\.\w+)\.\w+'")
_WARNING = re.compile(r"^\s*\[?(WARNING|DEPRECATION)")


@dataclass(frozen=True)
class Inventory:
    """The hosts in a unit's inventories.

    Attributes:
        hosts: name -> address; the name itself if the inventory gives no address.
        groups: group -> the names of its hosts, those of its child groups included.
    """

    hosts: Mapping[str, str]
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)


def paths(infrastructure: Path, unit: Unit) -> tuple[Path, ...]:
    """Return the absolute paths of the inventories that a unit names, in their order."""
    folder = (infrastructure / unit.source).resolve()
    chosen = AnsibleOptions.model_validate(unit.options)
    return tuple(Path(os.path.normpath(folder / each)) for each in chosen.inventories)


def read_by(infrastructure: Path, unit: Unit) -> tuple[str, ...]:
    """Return all files that Ansible reads for a unit's inventories, as sorted paths below `infrastructure`."""
    root = infrastructure.resolve()
    found = [file for path in paths(infrastructure, unit) for file in _files(path)]
    return tuple(sorted({str(file.relative_to(root)) for file in found if file.is_relative_to(root)}))


def _files(path: Path) -> Iterator[Path]:
    yield from files_below(path)
    if path.is_file():
        for name in _BESIDE:
            yield from files_below(path.parent / name)


def faults(infrastructure: Path, unit: Unit) -> Iterator[str]:
    """Yield the mistakes in how a unit names its hosts: a bad inventory path, no hosts, or hosts named twice."""
    root = infrastructure.resolve()
    for path in paths(infrastructure, unit):
        if not path.is_relative_to(root):
            yield f"ansible.inventory: {path.name} leads out of infrastructure/: move it there, or add it to `paths`"
        elif not path.exists():
            yield f"ansible.inventory: there is no {path.relative_to(root)}; it is a path from the source's folder"
    named, given = bool(paths(infrastructure, unit)), "hosts" in unit.inputs
    if named and given:
        yield "hosts are given twice, by inputs.hosts and by ansible.inventory: leave one of them out"
    if not named and not given:
        yield "no hosts: name them in inputs.hosts, as {bastion: 10.0.0.1}, or an inventory in ansible.inventory"


def listed(
    executable: str, given: Sequence[Path], limit: str, variables: Mapping[str, str], folder: Path, runner: Processes
) -> Inventory:
    """List the hosts of inventories with ansible-inventory.

    Args:
        executable: ansible-playbook; ansible-inventory is expected next to it.
        given: the inventories, in order.
        limit: a pattern of hosts; empty for all.
        variables: environment variables, with the credentials that plugins use.
        folder: the unit's folder.
        runner: runs the command.

    Raises:
        Refused: an inventory cannot be read, or has no hosts.
        Unanswered: the service that a plugin queries did not respond.
        Unequipped: this machine has no login that the service accepts, or no password for an encrypted value.
    """
    program = Path(shutil.which(executable) or executable).with_name("ansible-inventory")
    sources = [word for path in given for word in ("--inventory", str(path))]
    chosen = ["--limit", limit] if limit else []
    argv = (str(program), *sources, *chosen, "--list", "--playbook-dir", str(folder))
    strict = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
    finished = runner.run(Command(argv, folder, {**variables, **strict}, _SECONDS))
    if finished.exit_code != 0:
        raise _error(finished.stderr or finished.stdout)
    return _of(json.loads(finished.stdout), given)


def _of(document: Mapping[str, Any], given: Sequence[Path]) -> Inventory:
    variables = document.get("_meta", {}).get("hostvars", {})
    groups = {name: _members(document, name) for name in document if name != "_meta"}
    hosts = groups.get("all", ())
    if not hosts:
        raise Refused(f"inventory {', '.join(path.name for path in given)}: there is no host in it")
    addresses = {host: str(variables.get(host, {}).get("ansible_host") or host) for host in hosts}
    return Inventory(addresses, {name: members for name, members in groups.items() if name != "all"})


def _members(document: Mapping[str, Any], group: str) -> tuple[str, ...]:
    """Return the hosts of a group and its child groups, in order. Ansible rejects circular groups."""
    found = document.get(group, {})
    below = [host for child in found.get("children", ()) for host in _members(document, child)]
    return tuple(dict.fromkeys([*found.get("hosts", ()), *below]))


def _error(said: str) -> FlowmartError:
    lines = [line.strip() for line in said.splitlines() if line.strip() and not _WARNING.match(line)]
    why = " ".join(lines or said.split())[:600] or "ansible-inventory gave no reason"
    if missing := _UNKNOWN_PLUGIN.search(said):
        vendored = f"ansible-galaxy collection install {missing[1]}:VERSION -p collections, and commit that"
        return Refused(f"inventory: {why}; vendor it: {vendored}")
    if is_locked(why):
        return Unequipped(f"inventory: {LOCKED}: {why}")
    if is_without_login(why):
        return Unequipped(f"inventory: {why}")
    return (Unanswered if is_lost(why) else Refused)(f"inventory: {why}")
