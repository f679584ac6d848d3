"""Parse Terragrunt's output into the product's types. Pure; tests use recorded output.

Terragrunt 1.x keeps its flags and the JSON of `find` and `render` stable; texts for people may change. Its log is one
object per line (`TG_LOG_FORMAT=json`).
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
"""The oldest supported version. Before 1.0, flags and the output of `find` were different."""

_VERSION = re.compile(r"\bv?(\d+)\.(\d+)\.(\d+)\S*")
_BY_SIGNAL = re.compile(r"^\s*(\* )?signal: \w+", re.MULTILINE)
"""Go's text for a process that a signal ended."""
_PREPARING = frozenset({"terragrunt-read-config", "init-from-module", "init", "plan"})
"""The names in hooks of the steps up to a plan."""
_UNREAD = re.compile(r'resolving dependency "[^"]*" outputs: Failed to execute ')
"""The start of the error if Terragrunt cannot read outputs. Errors in evaluating them only follow from it."""
_NO_STATE = "Backend initialization required"
"""Terragrunt's error if Terraform could not reach the state. It does not include the error of the init."""
_SUGGESTION = "Suggested fixes:"
"""The start of Terragrunt's guess about an error."""
_OF_SIGNALS = 128
_ANOTHER_VERSION = re.compile(r"The currently installed version of \w+ \(\S+\) is not compatible")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_MISSING_VARIABLE = "EnvVarNotFoundError"
"""Terragrunt's error if get_env does not find a variable."""
_TAKES_PART = frozenset({"all", "all_except_output", "plan", "apply"})
"""Actions of an `exclude` block. A unit that is excluded from one of them cannot be promoted."""


@dataclass(frozen=True)
class Item:
    """A unit as `find` lists it; all paths are relative to the searched folder."""

    path: str
    dependencies: tuple[str, ...]
    reading: tuple[str, ...]
    excluded: str


@dataclass(frozen=True)
class Dependency:
    """A `dependency` block.

    Attributes:
        name: its label.
        config_path: the folder that it names.
        mocks: `mock_outputs`, used if there are no outputs.
        merged: mocks are merged into the real outputs.
        skips_outputs: the block has `skip`, so its outputs are not read.
    """

    name: str
    config_path: str
    mocks: Mapping[str, Any] = field(default_factory=dict)
    merged: bool = False
    skips_outputs: bool = False


@dataclass(frozen=True)
class Configuration:
    """The parts of a unit's configuration that decide how to work on it.

    Attributes:
        source: the source of its module; empty if it has none.
        dependencies: the enabled dependency blocks.
        prevents_destroy: `prevent_destroy` is set.
        acts_on_apply: there are hooks or extra arguments for apply.
        acts_on_plan: there are hooks for the steps up to a plan, or extra arguments for init.
        iam_role: the role that it sets; empty if it sets none.
    """

    source: str = ""
    dependencies: tuple[Dependency, ...] = ()
    prevents_destroy: bool = False
    acts_on_apply: bool = False
    acts_on_plan: bool = False
    iam_role: str = ""

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Configuration:
        """Create it from the result of `asdict`."""
        return cls(**{**written, "dependencies": tuple(Dependency(**each) for each in written["dependencies"])})


def version(printed: str) -> str:
    """Return the version in what `--version` prints, such as "1.1.3"; empty if there is none."""
    found = _VERSION.search(printed)
    return ".".join(found.groups()) if found else ""


def version_fault(found: str) -> str:
    """Return why a version cannot be used; empty if it can."""
    if found in ("", "0.0.0"):
        return "was built without a version, so that every version constraint fails"
    if tuple(map(int, found.split("."))) < OLDEST:
        return f"is {found}, and it must be {'.'.join(map(str, OLDEST))} or newer"
    return ""


def found(printed: str) -> tuple[Item, ...]:
    """Return the units that `find --json` lists. Stacks are left out, because their units are listed too."""
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
    """Return the errors of `hcl validate --json`, a sentence each, with their place."""
    found = json.loads(printed) if printed.lstrip().startswith("[") else []
    return tuple(dict.fromkeys(_mistake(each) for each in found or () if each.get("severity") == "error"))


def _mistake(each: Mapping[str, Any]) -> str:
    place = each.get("range") or {}
    where = f"{place.get('filename', '')}:{place.get('start', {}).get('line', 0)}: " if place else ""
    return where + ": ".join(filter(None, (each.get("summary", ""), each.get("detail", ""))))


def configuration(printed: str) -> Configuration:
    """Parse a unit's configuration from `render --json`."""
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
    """Return the unit's `generate` blocks from `render --json`: {name: the attributes that are set}."""
    blocks = json.loads(printed).get("generate") or {}
    return {name: {key: value for key, value in each.items() if value is not None} for name, each in blocks.items()}


def backend(printed: str) -> Backend | None:
    """Return the backend of the unit's `remote_state` from `render --json`; None if it has none."""
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
    """Yield the commands that blocks of these kinds apply to."""
    for key in keys:
        for block in _blocks(terraform.get(key)):
            yield from map(str, block.get("commands") or ())


def _blocks(written: Any) -> Sequence[Mapping[str, Any]]:
    """Return labelled blocks, which may be a mapping by label or a list."""
    found = written.values() if isinstance(written, Mapping) else written or ()
    return [each for each in found if isinstance(each, Mapping)]


def mocked(dependency: Dependency, outputs: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the outputs of a dependency for which a unit would get mocks; empty if all are real.

    Args:
        dependency: the block.
        outputs: the dependency's real outputs; None or empty if it was never applied.
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
    """Return the errors that Terragrunt itself logs, without duplicates.

    If some say that outputs cannot be read, only those are returned: the others follow from them.
    """
    lines = (_parsed(line) for line in stderr.splitlines())
    told = (uncoloured(str(line.get("msg", ""))).strip() for line in lines if _is_error(line))
    found = tuple(dict.fromkeys(Diagnostic("error", text) for text in told if text))
    found = tuple(each for each in found if not each.summary.startswith(_SUGGESTION))
    return tuple(each for each in found if _UNREAD.match(each.summary)) or found


def uncoloured(text: str) -> str:
    """Return a text without the terminal's colour codes."""
    return _COLOURS.sub("", text)


def is_unreached(found: Iterable[Diagnostic]) -> bool:
    """Tell whether the errors only say that a dependency's state could not be reached, and not why."""
    texts = [each.summary for each in found]
    return bool(texts) and all(_UNREAD.match(text) and _NO_STATE in text for text in texts)


def _is_error(line: Mapping[str, Any]) -> bool:
    return line.get("level") in ("error", "fatal")


def advised(told: str) -> str:
    """Add advice to an error about a missing environment variable, which is not a mistake in the files."""
    if _MISSING_VARIABLE not in told:
        return told
    return f"{told} Name it by {KEEP}, and set it wherever releases are made and promoted; or give get_env a default."


def exit_code(given: int, found: Iterable[Diagnostic]) -> int:
    """Return the exit code as Terraform would give it: 1 for any error.

    Terragrunt exits with the code of the hook, `run_cmd` or other program that failed. Codes from 128 on are those of
    a shell for a program that a signal ended.

    Args:
        given: Terragrunt's exit code.
        found: the errors that it logged.
    """
    return 1 if any(True for _ in found) and 0 <= given < _OF_SIGNALS else given


def wants_another_version(found: Iterable[Diagnostic]) -> bool:
    """Tell whether the configuration requires another version of Terragrunt or Terraform than the installed one."""
    return any(_ANOTHER_VERSION.search(each.summary) for each in found)


def killed(stderr: str) -> bool:
    """Tell whether Terragrunt logs that a signal ended Terraform: then it is unknown how far it got."""
    return any(_BY_SIGNAL.search(each.summary) for each in errors(stderr))


def ignored(stderr: str) -> bool:
    """Tell whether Terragrunt ignored an error, because of an `errors` block."""
    return "error-signals" in stderr or "gnoring error" in stderr


def _parsed(line: str) -> Mapping[str, Any]:
    try:
        found = json.loads(line) if line.startswith("{") else {}
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}
