"""A callback plugin that ansible-playbook loads: it records what ansible-runner's events leave out.

A line of JSON for each task and host, in the order in which they ended: whether check mode skipped the task, what it
registers and which names it mentions; and for each play, whether it has hosts. It can also notify all handlers of a
play at its beginning, for a run that makes up for one that ended before its handlers ran.

It runs in Ansible's own interpreter, so it imports nothing of ours.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

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

_CONDITIONAL = ("skip_reason", "skipped_reason", "false_condition")


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Writes to the file FLOWMART_REHEARSAL; with FLOWMART_RUN_HANDLERS, notifies all handlers first."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "flowmart_rehearsal"
    CALLBACK_NEEDS_ENABLED = False

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """A play begins, or would, if it had hosts."""
        self._write({"event": "play", "name": str(play.get_name()), "pattern": str(play.hosts)})
        if os.environ.get("FLOWMART_RUN_HANDLERS"):
            _notify_all(play)

    def v2_playbook_on_no_hosts_matched(self) -> None:
        """The play that was named last matches no host."""
        self._write({"event": "no hosts"})

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task ended well."""
        self._record("ok", result)

    def v2_runner_on_failed(self, result: Any, _ignore_errors: bool = False) -> None:
        """A task failed."""
        self._record("failed", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """A task was skipped: by a condition, or because it cannot be rehearsed."""
        self._record("skipped", result)

    def _record(self, event: str, result: Any) -> None:
        task, found = result._task, result._result
        self._write(
            {
                "event": event,
                "host": result._host.get_name(),
                "role": task._role.get_name() if task._role else "",
                "task_uuid": str(task._uuid),
                "task": str(task.get_name()).rpartition(" : ")[2],
                "rehearsed": (event != "skipped" or _is_conditional(task, found)) and not _is_only_started(task),
                "registers": sorted({*_texts(getattr(task, "register", None)), *_facts(task)}),
                "names": sorted(_names(task)),
                "handler": type(task).__name__ == "Handler",
            }
        )

    def _write(self, line: Mapping[str, Any]) -> None:
        if file := os.environ.get("FLOWMART_REHEARSAL"):
            with Path(file).open("a") as out:
                out.write(json.dumps(line, default=str) + "\n")


def _is_conditional(task: Any, result: Mapping[str, Any]) -> bool:
    """Whether a task was skipped for another reason than check mode: an apply would skip it too."""
    if _given(task).get("check_mode") is True:
        return True
    items = result.get("results")
    if isinstance(items, list) and items:
        return all(_is_conditional(task, item) for item in items)
    if "ansible_check_mode" in str(result.get("false_condition", "")):
        return False
    return any(key in result for key in _CONDITIONAL)


def _is_only_started(task: Any) -> bool:
    """Whether a task is left running (`async` with `poll: 0`): nobody knows what it comes to, in earnest or not."""
    return bool(task.async_val) and not task.poll


def _facts(task: Any) -> Iterable[str]:
    """The names that set_fact sets."""
    return [str(key) for key in task.args] if str(task.action).endswith("set_fact") else ()


def _names(task: Any) -> set[str]:
    """Every name in the expressions of a task: of its arguments, conditions and variables, and of its template."""
    mentioned = [getattr(task, "_ds", None), task.vars, list(_templates(task))]
    inside = (part for value in mentioned for text in _texts(value) for part in _EXPRESSION.findall(text))
    expressions = [" ".join(part) for part in inside]
    bare = [*_texts(task.when), *(text for key in _BARE for text in _texts(_given(task).get(key)))]
    return {name for text in [*expressions, *bare] for name in _NAME.findall(text)}


def _given(task: Any) -> Mapping[str, Any]:
    """A task as it is written, with the arguments of its module."""
    return {**(getattr(task, "_ds", None) or {}), **task.args}


def _templates(task: Any) -> Iterator[str]:
    """The text of the template that a task names, where that is a file."""
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
