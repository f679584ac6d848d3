"""Finds where a root's state is in an environment, and what must be added so that each environment has its own."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deployments.start import environment_names
from tasks.engines.terraform import backends, code
from tasks.engines.terraform.configuration import read_values

_KEYS = {
    "s3": "key",
    "azurerm": "key",
    "gcs": "prefix",
    "local": "path",
    "oss": "key",
    "cos": "key",
    "consul": "path",
}
"""The setting that distinguishes the states in a backend."""
_NEEDED = {"s3": ("bucket",), "gcs": ("bucket",), "azurerm": ("storage_account_name", "container_name")}
_ALSO = "guess: the backend also needs {}, from a file or here"
_OF_ALL = frozenset({"shared", "common", "global", "bootstrap", "org"})
"""Words that in a location often describe the state's content instead of an environment."""
_STRINGS = re.compile(r'"(-?[A-Za-z][\w-]*)"|(?<![\w.-])([A-Za-z][\w-]*)\s*=(?!=)')
"""String literals, and the keys of maps."""


@dataclass(frozen=True)
class State:
    """What a unit's options must set for its state.

    Attributes:
        backend_config: files and settings.
        workspace: its workspace; empty for the default one.
        why: a comment on the guess; empty if nothing was guessed.
    """

    backend_config: tuple[str | Mapping[str, Any], ...] = ()
    workspace: str = ""
    why: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


def of(folder: Path, files: Sequence[tuple[str, Path]], name: str, environment: str, *, shared: bool) -> State:
    """Return the state of a root in one environment.

    Args:
        folder: the root's folder.
        files: its files of backend settings, each as written in the options and as a path.
        name: the root's name, for the key of its state.
        environment: the environment; empty for a root without one.
        shared: whether several environments share the root's code.
    """
    settings: dict[str, Any] = {}
    for _, file in files:
        settings |= read_values(file)
    written = tuple(name for name, _ in files)
    declared = backends.declared(folder, settings)
    if declared is None:
        return State(written)
    known = _KEYS.get(declared.kind, "")
    if known and known not in declared.settings:
        return _with_key(declared, known, written, "/".join(filter(None, (environment, name))))
    if shared and not _tells(declared, written, environment):
        why = "guess: the code has one state for all environments, so each gets a workspace"
        return State(written, environment, why, declared.settings)
    return State(written, "", "", declared.settings)


def workspaces(folder: Path, names: Sequence[str]) -> str:
    """Return the pattern of a root's workspaces, such as "app-{environment}", found in its code; empty for none."""
    found = sorted(literals(folder))
    patterns = [pattern for each in found for name in names if (pattern := _pattern(each, name)) is not None]
    longest = max(patterns, key=lambda each: (patterns.count(each), len(each)), default="")
    return f"{folder.name}{longest}" if longest.startswith("-") else longest


def words(folder: Path) -> set[str]:
    """Return the last word of each literal that may name an environment, in the code of a root with workspaces."""
    found = {literal.rpartition("-")[2] for literal in literals(folder)}
    return {word for word in found if environment_names.is_known(word)}


def literals(folder: Path) -> set[str]:
    """Return the strings and keys in a root's code; empty if the code does not use `terraform.workspace`."""
    texts = [file.read_text(errors="replace") for file in code.files(folder)]
    if not any("terraform.workspace" in text for text in texts):
        return set()
    return {one or other for text in texts for one, other in _STRINGS.findall(text)}


def words_of_place(folder: Path) -> list[str]:
    """Return words in the state's location that may name an environment: "shop/prod/app.tfstate" -> "prod"."""
    declared = backends.declared(folder)
    text = json.dumps(dict(declared.settings)) if declared else ""
    words = re.findall(r"[a-z][a-z0-9]*", text)
    return [word for word in words if environment_names.is_known(word) and word not in _OF_ALL]


def _pattern(literal: str, name: str) -> str | None:
    if literal == name:
        return "{environment}"
    return f"{literal.removesuffix(name)}{{environment}}" if literal.endswith(f"-{name}") else None


def is_open(folder: Path) -> bool:
    """Tell whether a root's backend leaves the state's location open."""
    declared = backends.declared(folder)
    return declared is not None and _KEYS.get(declared.kind, "") not in {"", *declared.settings}


def _with_key(declared: backends.Backend, key: str, files: tuple[str, ...], path: str) -> State:
    value = path if declared.kind == "gcs" else f"{path}.tfstate"
    value = f"/var/lib/flowmart/states/{value}" if declared.kind == "local" else value
    missing = [name for name in _NEEDED.get(declared.kind, ()) if name not in declared.settings]
    why = _ALSO.format(" and ".join(missing)) if missing else f"guess: nothing says the {key} of its state"
    return State((*files, {key: value}), "", why, {**declared.settings, key: value})


def _tells(declared: backends.Backend, files: Sequence[str], environment: str) -> bool:
    """Tell whether the backend's settings, or the names of their files, name the environment."""
    texts = map(str, (*declared.settings.values(), *files))
    return any(environment_names.named_in(text, [environment])[0] for text in texts)


def key_of(settings: Mapping[str, Any]) -> str:
    """Return the setting that distinguishes a state in its backend; empty if there is none."""
    return next((str(settings[name]) for name in ("key", "prefix", "path") if settings.get(name)), "")


def is_read(config: Mapping[str, Any], state: Mapping[str, Any]) -> bool:
    """Tell whether a `terraform_remote_state` configuration matches a state; expressions match anything."""
    wanted, found = key_of(config), key_of(state)
    if not wanted or not found:
        return False
    pattern = ".+".join(re.escape(part) for part in re.split(r"\$\{[^}]*\}", wanted))
    bucket, own = (str(each.get("bucket", "")) for each in (config, state))
    same = "${" in bucket + own or bucket == own or not own
    return same and bool(re.fullmatch(pattern, found))
