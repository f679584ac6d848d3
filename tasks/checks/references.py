"""Replaces `{outputs.NAME}` in the options of a check with the unit's output. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tasks.domain.errors import Refused, Unanswered
from tasks.domain.values import MASK

_REFERENCE = re.compile(r"\{outputs\.([A-Za-z0-9_-]+)\}")


def resolved(value: Any, outputs: Mapping[str, Any]) -> Any:
    """Return `value` with every reference replaced, in nested maps and lists too.

    A string that consists of one reference becomes the output itself, so a number stays a number.

    Raises:
        Refused: there is no such output; the release is wrong, and a retry would not help.
        Unanswered: the output is sensitive; its value is not stored where a check may read it.
    """
    if isinstance(value, str):
        whole = _REFERENCE.fullmatch(value)
        return _output(whole[1], outputs) if whole else _filled(value, outputs)
    if isinstance(value, Mapping):
        return {key: resolved(item, outputs) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolved(item, outputs) for item in value]
    return value


def _filled(text: str, outputs: Mapping[str, Any]) -> str:
    return _REFERENCE.sub(lambda reference: str(_output(reference[1], outputs)), text)


def _output(name: str, outputs: Mapping[str, Any]) -> Any:
    if outputs.get(name) is None:
        known = ", ".join(sorted(outputs)) or "none"
        raise Refused(f"the unit has no output {name}; its outputs: {known}")
    if outputs[name] == MASK:
        raise Unanswered(f"output {name} is sensitive; a check cannot refer to it")
    return outputs[name]
