"""Record which rights users requested, to see which rights a role needs and which are unnecessary."""

from __future__ import annotations

import json
from pathlib import Path

from deployments.sandbox.kubernetes.access.rbac import Attributes


class Used:
    """A file with one JSON line per right: [user, verb, group, resource, namespace, name].

    Lines for namespaced objects leave out the name. Otherwise there would be as many lines as objects.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = set(file.read_text().splitlines()) if file.is_file() else set()

    def note(self, user: str, asked: Attributes) -> None:
        """Record that a user requested a right, whether it was allowed or not."""
        name = "" if asked.namespace else asked.name
        line = json.dumps([user, asked.verb, asked.group, asked.resource, asked.namespace, name])
        if asked.resource and line not in self._known:
            self._known.add(line)
            with self._file.open("a") as opened:
                opened.write(f"{line}\n")
