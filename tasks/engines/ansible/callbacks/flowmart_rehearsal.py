"""A callback plugin for ansible-playbook: it records what ansible-runner's events leave out.

It writes one line of JSON for each task and host, in the order in which they ended. The line says whether check mode
skipped the task, what the task registers and for which hosts, and which names it mentions. These include names
behind variables that Ansible evaluates only when they are used. At the start it records which plays there are,
because a failure may end a run before all of them; for each play, its hosts and which values it prompts for. It can
also notify all handlers at the start of a play: a run needs that after one that ended before its handlers ran.

It runs in Ansible's own interpreter, so it imports nothing of ours.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible import context
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: flowmart_rehearsal
type: notification
short_description: Records what a rehearsal could not do.
"""

_NAME = re.compile(r"[A-Za-z_]\w*")
_EXPRESSION = re.compile(r"\{\{(.*?)\}\}|\{%(.*?)%\}", re.DOTALL)
_BARE = ("when", "changed_when", "failed_when", "until", "that", "var", "loop")
"""Keys of a task whose values are expressions without braces."""

_GROUPING = ("add_host", "group_by")
"""Modules that add groups and hosts while a playbook runs."""

_NOT_TEMPLATES = ("hostvars", "vars", "groups", "group_names", "ansible_facts")
"""Ansible's own variables, which contain no expressions."""

_CONDITIONAL = ("skip_reason", "skipped_reason", "false_condition")


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Write to the file named by FLOWMART_REHEARSAL; with FLOWMART_RUN_HANDLERS, notify all handlers first."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "flowmart_rehearsal"
    CALLBACK_NEEDS_ENABLED = False

    def __init__(self) -> None:
        super().__init__()
        self._play: Any = None
        self._is_certain = True

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Record all plays of the playbook, in order."""
        self._write({"event": "plays", "plays": [_described(play) for play in playbook.get_plays()]})

    def v2_playbook_on_vars_prompt(self, varname: str, *more: Any, **named: Any) -> None:
        """Record that a play prompts for a value. A run is not interactive: without a default it would be None."""
        default = named["default"] if "default" in named else (*more, *[None] * 7)[6]
        self._write({"event": "asks", "name": varname, "has_default": default is not None})

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Record the start of a play, even if it matches no hosts; with `serial`, of each batch of its hosts."""
        self._play = play
        named = {"name": str(play.get_name()), "max_fail_percentage": play.max_fail_percentage}
        self._write({"event": "play", **_described(play), **named, **_hosts(play)})
        if os.environ.get("FLOWMART_RUN_HANDLERS"):
            _notify_all(play)

    def v2_playbook_on_no_hosts_matched(self) -> None:
        """Record that the play recorded last matches no host."""
        self._write({"event": "no hosts"})

    def v2_runner_on_ok(self, result: Any) -> None:
        """Record a task that succeeded."""
        self._record("ok", result)

    def v2_runner_on_failed(self, result: Any, **_: Any) -> None:
        """Record a task that failed."""
        self._record("failed", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """Record a task that was skipped, by a condition or because check mode cannot run it."""
        self._record("skipped", result)

    def _record(self, event: str, result: Any) -> None:
        task, found = result._task, result._result
        rehearsed = (event != "skipped" or _is_conditional(task, found)) and not _is_only_started(task)
        self._is_certain &= rehearsed
        self._write(
            {
                "event": event,
                "host": result._host.get_name(),
                "role": task._role.get_name() if task._role else "",
                "task_uuid": str(task._uuid),
                "task": str(task.get_name()).rpartition(" : ")[2],
                "rehearsed": rehearsed,
                "changed": bool(found.get("changed")) and not _is_grouping(task),
                "only_checks": _only_checks(task),
                "registers": sorted({*_texts(getattr(task, "register", None)), *_facts(task)}),
                "everywhere": bool(task.run_once or task.delegate_facts),
                "names": sorted(self._all_names(task, result._host)),
                "rescued_by": list(_rescued_by(task)),
                "handler": type(task).__name__ == "Handler",
                "makes_groups": _is_grouping(task),
                "delegated_to": str(task.delegate_to or ""),
                "really_ran": event != "skipped" and bool(context.CLIARGS["check"]) and task.check_mode is not True,
                "prompts": event != "skipped" and _is_prompt(task),
                "ends_all": event == "failed" and bool(task.any_errors_fatal),
            }
        )

    def _all_names(self, task: Any, host: Any) -> set[str]:
        """Return the names that a task mentions; once a task was not rehearsed, also those behind its variables."""
        names = _names(task)
        if self._is_certain:
            return names
        manager = self._play.get_variable_manager()
        return _behind(names, manager.get_vars(play=self._play, host=host, task=task))

    def _write(self, line: Mapping[str, Any]) -> None:
        if file := os.environ.get("FLOWMART_REHEARSAL"):
            with Path(file).open("a") as out:
                out.write(json.dumps(line, default=str) + "\n")


def _described(play: Any) -> dict[str, str]:
    """Return how a play is named and which hosts it is for. Before it starts, a single pattern is not yet a list."""
    patterns = [play.hosts] if isinstance(play.hosts, str) else list(play.hosts)
    return {"id": str(play._uuid), "name": str(play.name or ",".join(patterns)), "pattern": str(patterns)}


def _hosts(play: Any) -> dict[str, list[str]]:
    """Return the hosts that a play starts on, and all hosts that it is for: with `serial`, others come later."""
    inventory = play.get_variable_manager()._inventory
    return {
        "hosts": [host.get_name() for host in inventory.get_hosts(play.hosts)],
        "all_hosts": [host.get_name() for host in inventory.get_hosts(play.hosts, ignore_restrictions=True)],
    }


def _is_conditional(task: Any, result: Mapping[str, Any]) -> bool:
    """Tell whether a task was skipped for another reason than check mode: an apply would skip it too."""
    if _only_checks(task):
        return True
    items = result.get("results")
    if isinstance(items, list) and items:
        return all(_is_conditional(task, item) for item in items)
    if "ansible_check_mode" in str(result.get("false_condition", "")):
        return False
    return any(key in result for key in _CONDITIONAL)


def _only_checks(task: Any) -> bool:
    """Tell whether a task is in check mode in an apply too: its own `check_mode: true`, or that of a block."""
    written = task
    while written is not None:
        said = getattr(written, "_ds", None)
        if isinstance(said, Mapping) and "check_mode" in said:
            return said["check_mode"] is True
        written = getattr(written, "_parent", None)
    return False


def _is_only_started(task: Any) -> bool:
    """Tell whether a task is left running (`async` with `poll: 0`): its result is never known, even in an apply."""
    return bool(task.async_val) and not task.poll


def _is_prompt(task: Any) -> bool:
    """Tell whether a task waits for a person: `pause` without a time."""
    return str(task.action).rpartition(".")[2] == "pause" and not {"minutes", "seconds"} & {*task.args}


def _is_grouping(task: Any) -> bool:
    """Tell whether a task only makes groups or hosts. It counts as changed, but changes no host."""
    return str(task.action).rpartition(".")[2] in _GROUPING


def _facts(task: Any) -> Iterable[str]:
    """Return the names that set_fact sets."""
    return [str(key) for key in task.args] if str(task.action).endswith("set_fact") else ()


def _names(task: Any) -> set[str]:
    """Return every name in a task's expressions: in its arguments, conditions, variables and template."""
    mentioned = [getattr(task, "_ds", None), task.vars, list(_templates(task))]
    inside = (part for value in mentioned for text in _texts(value) for part in _EXPRESSION.findall(text))
    expressions = [" ".join(part) for part in inside]
    bare = [*_texts(task.when), *(text for key in _BARE for text in _texts(_given(task).get(key)))]
    return {name for text in [*expressions, *bare] for name in _NAME.findall(text)}


def _behind(names: set[str], variables: Mapping[str, Any]) -> set[str]:
    """Return the names, and recursively the names in the expressions that are their values."""
    found, waiting = set(names), [*names]
    while waiting:
        name = waiting.pop()
        value = None if name in _NOT_TEMPLATES else variables.get(name)
        inside = (part for text in _texts(value) for part in _EXPRESSION.findall(text))
        more = {each for part in inside for each in _NAME.findall(" ".join(part))} - found
        found |= more
        waiting += more
    return found


def _rescued_by(task: Any) -> Iterator[str]:
    """Yield the ids of the blocks whose `rescue` handles a failure of the task, the inner one first."""
    inside, block = task, task._parent
    while block is not None:
        if getattr(block, "rescue", None) and inside._uuid in {each._uuid for each in block.block}:
            yield str(block._uuid)
        inside, block = block, block._parent


def _given(task: Any) -> Mapping[str, Any]:
    """Return a task as it is written, together with its module's arguments."""
    return {**(getattr(task, "_ds", None) or {}), **task.args}


def _templates(task: Any) -> Iterator[str]:
    """Yield the text of the template that a task names, if it is a file."""
    source = task.args.get("src")
    if not isinstance(source, str) or not str(task.action).endswith("template"):
        return
    for place in task.get_search_path():
        for file in (Path(place, "templates", source), Path(place, source)):
            if file.is_file():
                yield file.read_text(errors="replace")
                return


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif value is not None:
        yield str(value)


def _notify_all(play: Any) -> None:
    inventory = play.get_variable_manager()._inventory
    for block in play.handlers:
        for handler in block.block:
            for host in inventory.get_hosts(play.hosts):
                handler.notify_host(host)
