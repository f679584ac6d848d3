"""Run playbooks: ansible-runner builds the command and writes the events; `tasks.processes` runs the command.

ansible-runner could run the command too, but then only ansible-runner could end it. `tasks.processes` applies the
time limit and cancellation as for every other tool. Inventory, variables and events are in a folder that only we may
read and that is removed after the run. No value of a variable is in an argument.

Host names repeat across environments by design. So whatever Ansible keeps by host name (facts, connections, retry
files, logs) is in that folder too, or in a folder of the environment's own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.domain.errors import FlowmartError, Refused, Unanswered, Unequipped
from tasks.domain.values import digest_of
from tasks.engines.ansible import errors, vaults
from tasks.engines.ansible.answers import Results, masked, placed, results
from tasks.engines.ansible.events import Event
from tasks.engines.ansible.inventories import Inventory, listed
from tasks.engines.ansible.plans import Job
from tasks.engines.ansible.recordings import Line, plays, unanswered_questions, without_hosts
from tasks.processes import Command, Finished, Processes
from tasks.run_folder import run_folder

REHEARSE = ("--check", "--diff")
APPLY = ("--diff",)
PARSE = ("--syntax-check",)

_PYTHON = "/usr/bin/python3"
"""The interpreter that modules run with on hosts, unless a unit's variables name another."""

_CALLBACKS = Path(__file__).parent / "callbacks"
"""The folder of our callback plugin, which records what ansible-runner's events leave out."""

_EVENT_DATA = re.compile(r"\x1b\[K(?:[A-Za-z0-9+/=]+\x1b\[\d+D)+\x1b\[K|\x1b\[K")
"""Event data that ansible-runner's display plugin writes between the lines, for a terminal to overwrite."""

_NOTICES = ("[WARNING]", "[DEPRECATION WARNING]")

_WAY = (
    "ANSIBLE_PRIVATE_KEY_FILE",
    "ANSIBLE_SSH_ARGS",
    "ANSIBLE_SSH_COMMON_ARGS",
    "ANSIBLE_SSH_EXECUTABLE",
    "ANSIBLE_SSH_EXTRA_ARGS",
)
"""Variables that decide which host an address leads to."""

_SHARED_CONNECTIONS = re.compile(r"^\s*control_path\s*=", re.MULTILINE)


@dataclass(frozen=True)
class Place:
    """The place where a playbook is run.

    Attributes:
        platform: the platform's name.
        infrastructure: the folder that sources are relative to.
        folder: the unit's folder.
        files: all files that the unit reads.
        config: its ansible.cfg; None if it has none.
        unit: the unit's name.
        environment: the environment's name.
        variables: environment variables, with credentials.
        time_limit: how long a run may take, in seconds.
        inventories: the unit's own inventories.
    """

    platform: str
    infrastructure: Path
    folder: Path
    files: tuple[Path, ...]
    config: Path | None
    unit: str
    environment: str
    variables: Mapping[str, str]
    time_limit: float
    inventories: tuple[Path, ...] = ()
    secrets: frozenset[str] = frozenset()
    """The names of the variables that are secrets."""


@dataclass(frozen=True)
class Run:
    """The results of a run, and the exit code of the process."""

    results: Results
    exit_code: int


def run(executable: str, place: Place, job: Job, options: tuple[str, ...], runner: Processes) -> Run:
    """Run the playbook of a job.

    Args:
        executable: ansible-playbook, as a path or a name on PATH.
        place: where it runs.
        job: the playbook, its hosts and variables.
        options: `REHEARSE`, `APPLY` or `PARSE`.
        runner: runs the command.

    Returns:
        The results, with secrets masked, and the exit code.

    Raises:
        Unequipped: Ansible is not installed, or this machine has no password for an encrypted value.
        Refused: the run did not start, a play matches no host, or a play asks for a value that is not given.
        Unanswered: the run was interrupted before it had any result.
    """
    if not shutil.which(executable):
        raise Unequipped(f"{executable} is missing: install it with: pip install ansible-core")
    with run_folder("ansible") as folder:
        finished, events, lines = _run(executable, place, job, options, folder, runner)
    given = {place.variables[name] for name in place.secrets & place.variables.keys()}
    found = masked(results(events, lines), {*_secrets(executable, place, runner), *given})
    found = placed(found, str(place.infrastructure.resolve()))
    what = f"ansible-playbook {job.playbook} of {place.unit} in {place.environment}"
    if asked := unanswered_questions(lines):
        raise Refused(f"{what}: asks for {', '.join(asked)} (vars_prompt): give it in inputs.variables")
    # An apply runs what was rehearsed: a group that it did not make after all is no reason to fail.
    missed = without_hosts(lines) if options == REHEARSE else ()
    # With a limit, some plays may match no host.
    if missed and not (job.limit and plays(lines) > len(missed)):
        groups = ", ".join(sorted({"all", *([] if place.inventories else [_group(place)]), *job.groups}))
        raise Refused(f"{what}: {missed[0]} matches no host; the groups are {groups}")
    said = _why(finished).replace(f"{place.infrastructure.resolve()}/", "")
    if locked := next(
        (line for line in [*found.failed, *([] if found.finished else [said])] if errors.is_locked(line)), ""
    ):
        raise Unequipped(f"{what}: {errors.LOCKED}: {locked}")
    if found.finished or found.failed or found.unreachable or (options == PARSE and finished.exit_code == 0):
        return Run(found, finished.exit_code)
    if errors.was_ended(finished.exit_code):
        raise Unanswered(f"{what}: was ended ({finished.exit_code})")
    raise Refused(f"{what}: {said}")


def _run(
    executable: str, place: Place, job: Job, options: tuple[str, ...], folder: Path, runner: Processes
) -> tuple[Finished, list[Event], list[Line]]:
    # Importing it takes a third of a second: only runs of this engine should pay for that.
    from ansible_runner.config.runner import RunnerConfig

    config = RunnerConfig(
        str(folder),
        ident="run",
        project_dir=str(place.folder),
        playbook=job.playbook,
        # Ours comes first, so that the unit's own inventories override it.
        inventory=[str(_written(folder / "inventory.json", json.dumps(_inventory(place, job)))), *_own(place)],
        limit=job.limit or None,
        extravars=str(_written(folder / "variables.json", json.dumps(dict(job.variables or {})))),
        cmdline=" ".join(options),
        envvars={
            **_variables(place, folder, runner.environment),
            **({"FLOWMART_RUN_HANDLERS": "1"} if job.runs_handlers else {}),
        },
        fact_cache_type="memory",
        quiet=True,
    )
    config.prepare()
    argv = (executable, *config.command[1:])
    recorded = folder / "rehearsal.jsonl"
    config.env["ANSIBLE_CALLBACK_PLUGINS"] += f":{_CALLBACKS}"
    config.env["FLOWMART_REHEARSAL"] = str(recorded)
    # ansible-runner copies our whole environment; `runner` adds the variables that may be inherited.
    variables = {name: value for name, value in config.env.items() if os.environ.get(name) != value}
    finished = runner.run(Command(argv, place.folder, variables, place.time_limit))
    lines = recorded.read_text().splitlines() if recorded.exists() else []
    return finished, _events(Path(config.artifact_dir) / "job_events"), [json.loads(line) for line in lines]


def hosts(executable: str, place: Place, limit: str, runner: Processes) -> Inventory:
    """List the hosts in a place's inventories.

    Args:
        executable: ansible-playbook; ansible-inventory is expected next to it.
        place: whose inventories to list.
        limit: a pattern of hosts; empty for all.
        runner: runs the command.

    Raises:
        FlowmartError: the errors of `inventories.listed`, prefixed with the unit and environment.
    """
    with run_folder("inventory") as folder:
        variables = _variables(place, folder, runner.environment)
        try:
            return listed(executable, place.inventories, limit, variables, place.folder, runner)
        except FlowmartError as error:
            raise type(error)(f"{place.unit} in {place.environment}: {error}") from error


def _own(place: Place) -> list[str]:
    return [str(path) for path in place.inventories]


def _inventory(place: Place, job: Job) -> dict[str, Any]:
    known = _known(place, job)
    if place.inventories:
        return {"all": {"vars": known}}
    hosts = {name: {"ansible_host": address} for name, address in job.hosts.items()}
    groups: dict[str, Any] = {group: {"hosts": dict.fromkeys(members)} for group, members in job.groups.items()}
    return {"all": {"children": {**groups, _group(place): {"hosts": hosts}}, "vars": known}}


def _known(place: Place, job: Job) -> dict[str, str]:
    user = {"ansible_user": job.user} if job.user else {}
    return {"ansible_python_interpreter": _PYTHON, "flowmart_environment": place.environment, **user}


def _group(place: Place) -> str:
    """Return the name of the group of all of a unit's hosts."""
    return place.unit.replace("-", "_")


def _variables(place: Place, folder: Path, own: Mapping[str, str]) -> dict[str, str]:
    """Return Ansible's environment: no colours, no prompts, no files left behind, unknown host keys rejected."""
    return {
        "ANSIBLE_CONFIG": str(place.config or _written(folder / "ansible.cfg", "")),
        "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_HOST_KEY_CHECKING": own.get("ANSIBLE_HOST_KEY_CHECKING", "true"),
        "ANSIBLE_CACHE_PLUGIN": "memory",
        "ANSIBLE_LOG_PATH": str(folder / "ansible.log"),
        "ANSIBLE_RETRY_FILES_ENABLED": "false",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": _connections(place, {**own, **place.variables}),
        **_own_connections(place.config),
        "ANSIBLE_TIMEOUT": own.get("ANSIBLE_TIMEOUT", "10"),
        "ANSIBLE_SSH_COMMON_ARGS": f"{own.get('ANSIBLE_SSH_COMMON_ARGS', '')} -o BatchMode=yes".strip(),
        **place.variables,
        # For `Match exec` in ssh_config, where networks of several environments have the same addresses.
        "FLOWMART_ENVIRONMENT": place.environment,
    }


def _connections(place: Place, variables: Mapping[str, str]) -> str:
    """Return the folder for the sockets of SSH connections, which Ansible reuses for a minute.

    Ansible distinguishes connections only by host, port and user (`_create_control_path` of its ssh plugin). The same
    address may occur in two environments or platforms, or with two configurations of ssh. With a shared folder, the
    second playbook would use the connection to the first one's host. The name is short because the path of a socket
    has to be.
    """
    folder = variables.get("ANSIBLE_SSH_CONTROL_PATH_DIR", "~/.ansible/cp")
    way = {name: variables[name] for name in _WAY if name in variables}
    return f"{folder}/{digest_of([place.platform, place.environment, way])[:8]}"


def _secrets(executable: str, place: Place, runner: Processes) -> frozenset[str]:
    config = {"ANSIBLE_CONFIG": str(place.config)} if place.config else {}
    return vaults.secrets(executable, place.folder, place.files, {**place.variables, **config}, runner)


def _own_connections(config: Path | None) -> dict[str, str]:
    """Override `control_path` of a configuration, which would share sockets between environments."""
    shared = config is not None and _SHARED_CONNECTIONS.search(config.read_text())
    return {"ANSIBLE_SSH_CONTROL_PATH": "%(directory)s/%%C"} if shared else {}


def _written(file: Path, text: str) -> Path:
    file.touch(mode=0o600)
    file.write_text(text)
    return file


def _events(folder: Path) -> list[Event]:
    found = [json.loads(file.read_text()) for file in folder.glob("*-partial.json")]
    return sorted(found, key=lambda event: str(event["created"]))


def _why(finished: Finished) -> str:
    text = _EVENT_DATA.sub("", finished.stderr)
    said = [line for line in text.splitlines() if line.strip()]
    lines = [line for line in said if not line.startswith(_NOTICES)] or said
    return "\n".join(lines[:12]) or f"it ended with {finished.exit_code} and gave no reason"
