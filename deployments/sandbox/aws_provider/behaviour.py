"""Reads from `behaviour.json` how the real provider treats each argument, as its source code says.

The published schema (`schema.py`) says what a configuration may contain. This file says what a plan has for arguments
that are not written, and what happens if an argument changes. Arguments are named by path: `rule.expiration.days`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

DATA_FILE = Path(__file__).with_name("behaviour.json")


@dataclass(frozen=True)
class Behaviour:
    """The arguments of one type that do more than hold what is written, by path.

    Attributes:
        computed: AWS fills them in if they are not set, so they are unknown until the apply; this includes blocks.
        defaults: {argument: its value if it is not set}.
        replaces: a change of them makes a new object.
        kept: blocks that stay as they are if none is written.
        sensitive: a plan does not show them.
        framework: the type uses the newer plugin framework, which keeps nulls in the elements of sets.
    """

    computed: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    replaces: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()
    sensitive: frozenset[str] = frozenset()
    framework: bool = False

    @property
    def paths(self) -> Iterator[str]:
        """The paths of all arguments listed here."""
        for named in (self.computed, self.defaults, self.replaces, self.kept, self.sensitive):
            yield from named


PLAIN = Behaviour()


@cache
def behaviours() -> Mapping[str, Behaviour]:
    """Return {type: its behaviour} for all types in the file."""
    types = json.loads(DATA_FILE.read_text())["types"]
    return {name: _behaviour(**facts) for name, facts in types.items()}


def _behaviour(defaults: Mapping[str, Any] | None = None, framework: bool = False, **paths: list[str]) -> Behaviour:
    named = {kind: frozenset(each) for kind, each in paths.items()}
    return Behaviour(defaults=defaults or {}, framework=framework, **named)
