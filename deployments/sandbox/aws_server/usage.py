"""Records which actions each role has used, to check that policies give roles no more than they need."""

from __future__ import annotations

from pathlib import Path


class Usage:
    """Writes each pair of role and action once, as a line `ROLE ACTION` of a file; without a file writes nothing."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._seen: set[tuple[str, str]] = set()

    def note(self, principal: str, action: str) -> None:
        """Note a request that was allowed.

        Args:
            principal: the ARN of the caller. Only roles are noted, whatever the name of their session.
            action: the action as IAM names it: "ec2:DescribeVpcs".
        """
        kind, _, rest = principal.rpartition(":")[2].partition("/")
        used = (rest.partition("/")[0], action)
        if kind != "assumed-role" or used in self._seen:
            return
        self._seen.add(used)
        if self._file:
            with self._file.open("a") as file:
                file.write(" ".join(used) + "\n")
