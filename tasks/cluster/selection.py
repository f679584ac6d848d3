"""Selects the objects of a rule by group, kind, namespace and name, each a shell pattern. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from tasks.cluster.objects import Reference


@dataclass(frozen=True)
class Selection:
    """A selection of objects. `*` matches any text, also an empty one, as in the core group's name."""

    kind: str
    group: str = "*"
    namespace: str = "*"
    name: str = "*"

    def covers(self, about: Reference) -> bool:
        """Tell whether it selects an object."""
        found = (about.kind, about.group, about.namespace, about.name)
        return all(fnmatchcase(text, pattern) for text, pattern in zip(found, self._patterns, strict=True))

    def includes(self, other: Selection) -> bool:
        """Tell whether it certainly selects everything that the other selection does."""
        pairs = zip(other._patterns, self._patterns, strict=True)
        return all(pattern in ("*", theirs) or _matches(theirs, pattern) for theirs, pattern in pairs)

    @property
    def _patterns(self) -> tuple[str, str, str, str]:
        return self.kind, self.group, self.namespace, self.name

    def __str__(self) -> str:
        """Kind.group/namespace/name, as plans address objects, without the parts that match anything."""
        kind = self.kind if self.group in ("", "*") else f"{self.kind}.{self.group}"
        places = [part for part in (self.namespace, self.name) if part != "*"]
        return "/".join([kind, *places])


def _matches(text: str, pattern: str) -> bool:
    """Tell whether the pattern matches a text that has no wildcards itself."""
    return not any(sign in text for sign in "*?[") and fnmatchcase(text, pattern)
