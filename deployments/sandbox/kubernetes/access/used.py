"""Which rights were asked for, and by whom: what a role needs at least, and whether it has more."""

from __future__ import annotations

import json
from pathlib import Path

from deployments.sandbox.kubernetes.access.rbac import Attributes


class Used:
    """A file with a line, in JSON, for each different right: [user, verb, group, resource, namespace, name].

    Of what lives in a namespace the name is left out: there are as many as there are objects.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = set(file.read_text().splitlines()) if file.is_file() else set()

    def note(self, user: str, asked: Attributes) -> None:
        """Write down that a user asked for something, allowed or not."""
        name = "" if asked.namespace else asked.name
        line = json.dumps([user, asked.verb, asked.group, asked.resource, asked.namespace, name])
        if asked.resource and line not in self._known:
            self._known.add(line)
            with self._file.open("a") as opened:
                opened.write(f"{line}\n")
