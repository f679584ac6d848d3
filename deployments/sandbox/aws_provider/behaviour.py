"""How the real provider treats each argument, as read in its source: `behaviour.json`.

The published schema (`schema.py`) says what may be written. This says what a plan makes of what is not written, and
what a change of it asks for. Arguments have paths: `rule.expiration.days`.
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
    """The arguments of one type that do more than hold what is written.

    Attributes:
        computed: AWS fills them in if they are not set: unknown until the apply, blocks too.
        defaults: their values if they are not set.
        replaces: a change makes a new object.
        kept: blocks that stay as they are if none is written.
        sensitive: a plan does not show them.
        framework: the type is written with the newer plugin framework, which keeps null in the elements of sets.
    """

    computed: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    replaces: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()
    sensitive: frozenset[str] = frozenset()
    framework: bool = False

    @property
    def paths(self) -> Iterator[str]:
        """Every argument that is named."""
        for named in (self.computed, self.defaults, self.replaces, self.kept, self.sensitive):
            yield from named


PLAIN = Behaviour()


@cache
def behaviours() -> Mapping[str, Behaviour]:
    """The behaviour of all types that were read, by name."""
    types = json.loads(DATA_FILE.read_text())["types"]
    return {name: _behaviour(**facts) for name, facts in types.items()}


def _behaviour(defaults: Mapping[str, Any] | None = None, framework: bool = False, **paths: list[str]) -> Behaviour:
    named = {kind: frozenset(each) for kind, each in paths.items()}
    return Behaviour(defaults=defaults or {}, framework=framework, **named)
