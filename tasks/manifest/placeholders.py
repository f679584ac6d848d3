"""Fills in `{environment}`, `{platform}`, `{account}`, `{region}` and `{values.NAME}` in texts of a manifest.

A text that consists of one placeholder becomes the value itself, so a number stays a number. Inside a longer text,
values that are not text are written as JSON. Braces of other syntax are left alone: `${x}`, `{{x}}`, `{"json": 1}`
and `{3}` are not placeholders. The smoke checks fill in `{outputs.NAME}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tasks.manifest.mistakes import Key, Mistake, any_of, did_you_mean

PLACEHOLDER = re.compile(r"(?<![{$])\{([A-Za-z_][\w-]*(?:\.[\w-]+)*)\}(?!\})")
OUTPUTS = "outputs."


def fill(part: Any, names: Mapping[str, Any]) -> Any:
    """Return `part` with every placeholder of `names` replaced, in all nested texts. Others stay as they are."""
    if isinstance(part, str):
        return _fill_text(part, names)
    if isinstance(part, Mapping):
        return {key: fill(value, names) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [fill(value, names) for value in part]
    return part


def mistakes(part: Any, names: Mapping[str, Any], *, outputs: bool = False) -> Iterator[Mistake]:
    """Report unknown placeholders in `part`.

    Args:
        part: a text, mapping or list.
        names: the known placeholders.
        outputs: whether `{outputs.NAME}` is allowed, because it is filled in later.
    """
    for key, name in _used(part, ()):
        if name.startswith(OUTPUTS):
            if not outputs:
                yield Mistake(key, f"{{{name}}} is known only after the unit was applied: only checks may use it")
        elif name not in names:
            allowed = [f"{{{known}}}" for known in names]
            hint = did_you_mean(f"{{{name}}}", allowed)
            yield Mistake(key, f"{{{name}}} is not a placeholder here.{hint} {any_of(allowed)}")


def _used(part: Any, key: Key) -> Iterator[tuple[Key, str]]:
    if isinstance(part, str):
        yield from ((key, found) for found in PLACEHOLDER.findall(part))
    elif isinstance(part, Mapping):
        for name, value in part.items():
            yield from _used(value, (*key, name))
    elif isinstance(part, list | tuple):
        for place, value in enumerate(part):
            yield from _used(value, (*key, place))


def _fill_text(text: str, names: Mapping[str, Any]) -> Any:
    alone = PLACEHOLDER.fullmatch(text)
    if alone and alone[1] in names:
        return names[alone[1]]
    return PLACEHOLDER.sub(lambda found: _as_text(names.get(found[1], found[0])), text)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
