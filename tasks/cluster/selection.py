"""Which objects a rule of a unit is about: by group, kind, namespace and name, each a shell pattern. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from tasks.cluster.objects import Reference


@dataclass(frozen=True)
class Selection:
    """Some objects of a cluster. `*` stands for any text, also for none: the core group has an empty name."""

    kind: str
    group: str = "*"
    namespace: str = "*"
    name: str = "*"

    def covers(self, about: Reference) -> bool:
        """Whether an object is among them."""
        found = (about.kind, about.group, about.namespace, about.name)
        return all(fnmatchcase(text, pattern) for text, pattern in zip(found, self._patterns, strict=True))

    def includes(self, other: Selection) -> bool:
        """Whether all that the other selects is certainly selected here, too."""
        pairs = zip(other._patterns, self._patterns, strict=True)
        return all(pattern in ("*", theirs) or _matches(theirs, pattern) for theirs, pattern in pairs)

    @property
    def _patterns(self) -> tuple[str, str, str, str]:
        return self.kind, self.group, self.namespace, self.name

    def __str__(self) -> str:
        """As it would be addressed in a plan: Kind.group/namespace/name, without the parts that may be anything."""
        kind = self.kind if self.group in ("", "*") else f"{self.kind}.{self.group}"
        places = [part for part in (self.namespace, self.name) if part != "*"]
        return "/".join([kind, *places])


def _matches(text: str, pattern: str) -> bool:
    """Whether a text without patterns of its own is matched."""
    return not any(sign in text for sign in "*?[") and fnmatchcase(text, pattern)
