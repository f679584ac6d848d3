"""Groups Terraform instances into units: instances that differ only in the environment's name are one unit. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deployments.start import environment_names
from deployments.start.instances import ENVIRONMENT, Instance


@dataclass(frozen=True)
class Group:
    """One unit: source and options with `{environment}` as a placeholder, and its instance in each environment."""

    source: str
    part: str
    name: str
    instances: tuple[Instance, ...]
    options: Mapping[str, Any]

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments in which it was found; empty if nothing names one."""
        return tuple(each.environment for each in self.instances if each.environment)

    @property
    def why(self) -> str:
        """Why it is in these environments."""
        return self.instances[0].why if self.environments else ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person must check, without duplicates."""
        return tuple(dict.fromkeys(note for each in self.instances for note in (*each.notes, each.state.why) if note))


def grouped(instances: Iterable[Instance]) -> list[Group]:
    """Return the units, in the order of their first instances."""
    found: dict[str, list[Instance]] = {}
    for each in instances:
        found.setdefault(json.dumps(_key(each), sort_keys=True), []).append(each)
    return [_group(members) for members in found.values()]


def with_environment(text: str, environment: str) -> str:
    """Replace the environment's name in a text with `{environment}`."""
    if not environment:
        return text
    return re.sub(rf"(?<![A-Za-z0-9]){re.escape(environment)}(?![A-Za-z0-9])", ENVIRONMENT, text)


def _key(each: Instance) -> Sequence[Any]:
    settings = [_templated(entry, each) for entry in each.state.backend_config]
    workspace = with_environment(each.state.workspace, each.environment)
    return [_source(each), each.part, _name(each), settings, workspace, dict(each.options)]


def _group(members: Sequence[Instance]) -> Group:
    first = members[0]
    workspace = with_environment(first.state.workspace, first.environment)
    options = {
        "var_files": [*_var_files(members)],
        "backend_config": [_templated(entry, first) for entry in first.state.backend_config],
        "workspace": workspace,
        **first.options,
    }
    given = {key: value for key, value in options.items() if value}
    return Group(_source(first), first.part, _name(first), tuple(members), given)


def _source(each: Instance) -> str:
    return "/".join(_part(part, each.environment) for part in each.folder.parts) or "."


def _part(part: str, environment: str) -> str:
    """Return a path segment with `{environment}` if it is named after the environment, as "env_dev" is."""
    named = environment and environment_names.plain(part) == environment
    return part.replace(environment, ENVIRONMENT) if named else part


def _name(each: Instance) -> str:
    """Return the name that a list gives it, without the environment; empty if that is only its path."""
    if each.name.startswith("/"):
        return ""
    parts = [part for part in re.split(r"[^A-Za-z0-9]+", with_environment(each.name, each.environment)) if part]
    return "-".join(part for part in parts if part != "environment")


def _templated(entry: Any, each: Instance) -> Any:
    if isinstance(entry, Mapping):
        return {key: with_environment(str(value), each.environment) for key, value in entry.items()}
    return with_environment(str(entry), each.environment)


def _var_files(members: Sequence[Instance]) -> Iterator[Any]:
    """Yield the files of all instances in one order; a file that not all have is optional."""
    lists = [[with_environment(file, each.environment) for file in each.var_files] for each in members]
    order = list[str]()
    for files in lists:
        at = 0
        for file in files:
            if file in order:
                at = order.index(file) + 1
            else:
                order.insert(at, file)
                at += 1
    for file in order:
        everywhere = all(file in files for files in lists)
        yield file if everywhere else {"path": file, "optional": True}
