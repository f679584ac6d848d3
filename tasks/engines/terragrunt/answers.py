"""What Terragrunt prints, read into the product's types. Pure: recorded answers hold it without running anything.

Terragrunt 1.x keeps its flags, the JSON of `find` and that of `render` as they are; texts for people may change. Its
log is an object a line (`TG_LOG_FORMAT=json`).
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks.engines.terraform.backends import Backend
from tasks.engines.terraform.diagnostics import Diagnostic
from tasks.tool_environment import KEEP

OLDEST = (1, 0, 0)
"""Before 1.0 flags, and what `find` prints, were others."""

_VERSION = re.compile(r"\bv?(\d+)\.(\d+)\.(\d+)\S*")
_BY_SIGNAL = re.compile(r"^\s*(\* )?signal: \w+", re.MULTILINE)
"""How Go names the end of a process that a signal ended."""
_PREPARING = frozenset({"terragrunt-read-config", "init-from-module", "init", "plan"})
"""What Terragrunt does, by the names in hooks, until there is a plan."""
_UNREAD = re.compile(r'resolving dependency "[^"]*" outputs: Failed to execute ')
"""How Terragrunt begins what it says where it cannot read outputs; what it cannot evaluate then is a consequence."""
_NO_STATE = "Backend initialization required"
"""What it ends with where Terraform could not reach the state: it says nothing of the init before."""
_SUGGESTION = "Suggested fixes:"
"""How Terragrunt begins what it guesses about an error."""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_MISSING_VARIABLE = "EnvVarNotFoundError"
"""How Terragrunt calls that get_env finds nothing."""
_TAKES_PART = frozenset({"all", "all_except_output", "plan", "apply"})
"""What a unit may be excluded from, so that nothing of it can be promoted."""


@dataclass(frozen=True)
class Item:
    """A unit as `find` lists it; all paths are relative to the folder that was searched."""

    path: str
    dependencies: tuple[str, ...]
    reading: tuple[str, ...]
    excluded: str


@dataclass(frozen=True)
class Dependency:
    """A `dependency` block: the folder that it names, and what it gives while there are no outputs."""

    name: str
    config_path: str
    mocks: Mapping[str, Any] = field(default_factory=dict)
    merged: bool = False
    skips_outputs: bool = False


@dataclass(frozen=True)
class Configuration:
    """What of a unit's configuration decides how it is worked on.

    `acts_on_apply`, `acts_on_plan`: something is to be done around the command, or around those before it.
    """

    source: str = ""
    dependencies: tuple[Dependency, ...] = ()
    prevents_destroy: bool = False
    acts_on_apply: bool = False
    acts_on_plan: bool = False
    iam_role: str = ""

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Configuration:
        """One of what `asdict` made of it."""
        return cls(**{**written, "dependencies": tuple(Dependency(**each) for each in written["dependencies"])})


def version(printed: str) -> str:
    """ "1.1.3" of what `--version` prints; empty where there is none."""
    found = _VERSION.search(printed)
    return ".".join(found.groups()) if found else ""


def version_fault(found: str) -> str:
    """Why a version cannot be used; empty when it can."""
    if found in ("", "0.0.0"):
        return "was built without a version, so that every version constraint fails"
    if tuple(map(int, found.split("."))) < OLDEST:
        return f"is {found}, and it must be {'.'.join(map(str, OLDEST))} or newer"
    return ""


def found(printed: str) -> tuple[Item, ...]:
    """The units that `find --json` lists; stacks are left out, since their units are listed too."""
    return tuple(_item(each) for each in json.loads(printed or "[]") or () if each["type"] == "unit")


def _item(each: Mapping[str, Any]) -> Item:
    dependencies = tuple(sorted(map(posixpath.normpath, each.get("dependencies") or ())))
    reading = tuple(sorted({posixpath.normpath(path) for path in each.get("reading") or ()}))
    return Item(posixpath.normpath(each["path"]), dependencies, reading, _excluded(each.get("exclude") or {}))


def _excluded(block: Mapping[str, Any]) -> str:
    actions = [str(action) for action in block.get("actions") or ()]
    if not block.get("if") or not _TAKES_PART & {*actions}:
        return ""
    return f"its exclude block says so ({', '.join(sorted(actions))})"


def mistakes(printed: str) -> tuple[str, ...]:
    """What `hcl validate --json` has against files, a sentence each with its place."""
    found = json.loads(printed) if printed.lstrip().startswith("[") else []
    return tuple(dict.fromkeys(_mistake(each) for each in found or () if each.get("severity") == "error"))


def _mistake(each: Mapping[str, Any]) -> str:
    place = each.get("range") or {}
    where = f"{place.get('filename', '')}:{place.get('start', {}).get('line', 0)}: " if place else ""
    return where + ": ".join(filter(None, (each.get("summary", ""), each.get("detail", ""))))


def configuration(printed: str) -> Configuration:
    """What `render --json` says of a unit."""
    document = json.loads(printed)
    terraform = document.get("terraform") or {}
    return Configuration(
        source=str(terraform.get("source") or ""),
        dependencies=tuple(
            _dependency(name, each)
            for name, each in (document.get("dependency") or {}).items()
            if each.get("enabled") is not False
        ),
        prevents_destroy=bool(document.get("prevent_destroy")),
        acts_on_apply="apply" in {*_commands(terraform, *_HOOKS, _ARGUMENTS)},
        acts_on_plan=bool(_PREPARING & {*_commands(terraform, *_HOOKS)})
        or "init" in {*_commands(terraform, _ARGUMENTS)},
        iam_role=str(document.get("iam_role") or ""),
    )


def generated(printed: str) -> dict[str, dict[str, Any]]:
    """The `generate` blocks of what `render --json` says of a unit, by their names, with what is set in each."""
    blocks = json.loads(printed).get("generate") or {}
    return {name: {key: value for key, value in each.items() if value is not None} for name, each in blocks.items()}


def backend(printed: str) -> Backend | None:
    """The backend that a unit's `remote_state` names, as `render --json` has it; None without one."""
    state = json.loads(printed).get("remote_state") or {}
    return Backend(str(state["backend"]), state.get("config") or {}) if state.get("backend") else None


def _dependency(name: str, each: Mapping[str, Any]) -> Dependency:
    merging = str(each.get("mock_outputs_merge_strategy_with_state") or "")
    merges = bool(each.get("mock_outputs_merge_with_state")) or merging not in ("", "no_merge")
    return Dependency(
        name, str(each.get("config_path", "")), each.get("mock_outputs") or {}, merges, bool(each.get("skip"))
    )


_HOOKS = ("before_hook", "after_hook", "error_hook")
_ARGUMENTS = "extra_arguments"


def _commands(terraform: Mapping[str, Any], *keys: str) -> Iterator[str]:
    """The commands that blocks of these kinds are for."""
    for key in keys:
        for block in _blocks(terraform.get(key)):
            yield from map(str, block.get("commands") or ())


def _blocks(written: Any) -> Sequence[Mapping[str, Any]]:
    """Labelled blocks, as a mapping by their labels or as a list."""
    found = written.values() if isinstance(written, Mapping) else written or ()
    return [each for each in found if isinstance(each, Mapping)]


def mocked(dependency: Dependency, outputs: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The outputs of a dependency for which a unit would get mocks; empty when every one is real.

    Args:
        outputs: those that the dependency really has; None or none of them: it was never applied.
    """
    if not dependency.mocks:
        return ()
    if dependency.skips_outputs or not outputs:
        return tuple(sorted(dependency.mocks))
    return tuple(sorted(_lacking(dependency.mocks, outputs))) if dependency.merged else ()


def _lacking(mocks: Mapping[str, Any], real: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in mocks.items():
        if key not in real:
            yield f"{prefix}{key}"
        elif isinstance(value, Mapping) and isinstance(real[key], Mapping):
            yield from _lacking(value, real[key], f"{prefix}{key}.")


def errors(stderr: str) -> tuple[Diagnostic, ...]:
    """What Terragrunt itself logs as errors, each once."""
    lines = (_parsed(line) for line in stderr.splitlines())
    told = (uncoloured(str(line.get("msg", ""))).strip() for line in lines if _is_error(line))
    found = tuple(dict.fromkeys(Diagnostic("error", text) for text in told if text))
    found = tuple(each for each in found if not each.summary.startswith(_SUGGESTION))
    return tuple(each for each in found if _UNREAD.match(each.summary)) or found


def uncoloured(text: str) -> str:
    """A text without what makes it coloured on a terminal."""
    return _COLOURS.sub("", text)


def is_unreached(found: Iterable[Diagnostic]) -> bool:
    """Whether all that is known is that the state of a dependency could not be reached, and not why."""
    texts = [each.summary for each in found]
    return bool(texts) and all(_UNREAD.match(text) and _NO_STATE in text for text in texts)


def _is_error(line: Mapping[str, Any]) -> bool:
    return line.get("level") in ("error", "fatal")


def advised(told: str) -> str:
    """What Terragrunt has against the configuration, with what to do where that is not about the files."""
    if _MISSING_VARIABLE not in told:
        return told
    return f"{told} Name it by {KEEP}, and set it wherever releases are made and promoted; or give get_env a default."


def killed(stderr: str) -> bool:
    """Whether Terragrunt logs that a signal ended Terraform: then nobody knows how far it got."""
    return any(_BY_SIGNAL.search(each.summary) for each in errors(stderr))


def ignored(stderr: str) -> bool:
    """Whether Terragrunt passed over an error, as an `errors` block tells it to."""
    return "error-signals" in stderr or "gnoring error" in stderr


def _parsed(line: str) -> Mapping[str, Any]:
    try:
        found = json.loads(line) if line.startswith("{") else {}
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}
