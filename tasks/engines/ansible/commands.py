"""Runs playbooks: ansible-runner builds the command and gathers the events, `tasks.shell` runs it.

ansible-runner could run the command too, but what it starts nobody else can end: with `tasks.shell` the time limit
and the cancellation of a run hold here as for every other tool. Inventory, variables and events are in a folder that
only we may read, gone when the run is; nothing of a variable is in an argument.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.domain.errors import InvalidInput, Refused, Unanswered
from tasks.domain.values import digest_of
from tasks.engines.ansible.answers import Event, Heard, heard
from tasks.engines.ansible.plans import Job
from tasks.processes import Command, Finished, Processes

REHEARSE = ("--check", "--diff")
APPLY = ("--diff",)
PARSE = ("--syntax-check",)

_PYTHON = "/usr/bin/python3"
"""What modules run with on hosts, where a unit's variables do not say otherwise."""

_ANSIBLE_INTERRUPTED = 99
"""ansible-playbook's exit code for "user interrupted execution" (ansible.cli)."""


@dataclass(frozen=True)
class Place:
    """Where a playbook is run: the unit's folder, its configuration, which environment it works for."""

    folder: Path
    config: Path | None
    unit: str
    environment: str
    variables: Mapping[str, str]
    time_limit: float


def run(executable: str, place: Place, job: Job, options: tuple[str, ...], runner: Processes) -> Heard:
    """Run the playbook of a job; what it told. `Unanswered` when it was ended, `Refused` when it never began."""
    if not shutil.which(executable):
        raise InvalidInput(f"{executable} is missing: install it with: pip install ansible-core")
    with tempfile.TemporaryDirectory(prefix="flowmart-ansible-") as folder:
        finished, events = _run(executable, place, job, options, Path(folder), runner)
    found = heard(events)
    if found.finished or found.failed or found.unreachable or (options == PARSE and finished.exit_code == 0):
        return found
    what = f"ansible-playbook {job.playbook} of {place.unit} in {place.environment}"
    if finished.exit_code < 0 or finished.exit_code == _ANSIBLE_INTERRUPTED:
        raise Unanswered(f"{what}: was interrupted")
    raise Refused(f"{what}: {_why(finished)}")


def _run(
    executable: str, place: Place, job: Job, options: tuple[str, ...], folder: Path, runner: Processes
) -> tuple[Finished, list[Event]]:
    # A third of a second to import: only runs of this engine pay for it.
    from ansible_runner.config.runner import RunnerConfig

    config = RunnerConfig(
        str(folder),
        ident="run",
        project_dir=str(place.folder),
        playbook=job.playbook,
        inventory=str(_written(folder / "inventory.json", json.dumps(_inventory(place, job)))),
        extravars=str(_written(folder / "variables.json", json.dumps(dict(job.variables or {})))),
        cmdline=" ".join(options),
        envvars=_variables(place, folder),
        fact_cache_type="memory",
        quiet=True,
    )
    config.prepare()
    argv = (executable, *config.command[1:])
    variables = {name: value for name, value in config.env.items() if os.environ.get(name) != value}
    finished = runner.run(Command(argv, place.folder, variables, place.time_limit))
    return finished, _events(Path(config.artifact_dir) / "job_events")


def _inventory(place: Place, job: Job) -> dict[str, Any]:
    hosts = {name: {"ansible_host": address} for name, address in job.hosts.items()}
    user = {"ansible_user": job.user} if job.user else {}
    known = {"ansible_python_interpreter": _PYTHON, "flowmart_environment": place.environment, **user}
    return {"all": {"children": {place.unit.replace("-", "_"): {"hosts": hosts}}, "vars": known}}


def _variables(place: Place, folder: Path) -> dict[str, str]:
    """No colours, no questions, nothing left behind; hosts whose key is not known are refused."""
    own = os.environ
    return {
        "ANSIBLE_CONFIG": str(place.config or _written(folder / "ansible.cfg", "")),
        "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_HOST_KEY_CHECKING": own.get("ANSIBLE_HOST_KEY_CHECKING", "true"),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": _connections(place.environment),
        "ANSIBLE_TIMEOUT": own.get("ANSIBLE_TIMEOUT", "10"),
        "ANSIBLE_SSH_COMMON_ARGS": f"{own.get('ANSIBLE_SSH_COMMON_ARGS', '')} -o BatchMode=yes".strip(),
        **place.variables,
        # What ssh_config may ask (Match exec) where networks of several environments have the same addresses.
        "FLOWMART_ENVIRONMENT": place.environment,
    }


def _connections(environment: str) -> str:
    """Where connections to an environment's hosts wait to be used again, for a minute as Ansible has it.

    Ansible tells them apart by host, port and user alone: with the same address in two environments, the second one's
    playbook would go over the connection to the first one's host (`_create_control_path` of its ssh plugin). The
    name is short because the path of a socket has to be.
    """
    own = os.environ.get("ANSIBLE_SSH_CONTROL_PATH_DIR", "~/.ansible/cp")
    return f"{own}/{digest_of(environment)[:8]}"


def _written(file: Path, text: str) -> Path:
    file.touch(mode=0o600)
    file.write_text(text)
    return file


def _events(folder: Path) -> list[Event]:
    found = [json.loads(file.read_text()) for file in folder.glob("*-partial.json")]
    return sorted(found, key=lambda event: str(event["created"]))


def _why(finished: Finished) -> str:
    lines = [line for line in finished.stderr.splitlines() if line.strip()]
    return "\n".join(lines[:12]) or f"it ended with {finished.exit_code} and gave no reason"
