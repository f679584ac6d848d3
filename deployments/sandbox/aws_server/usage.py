"""Which actions each role has really used: what policies are held against that give roles no more than they need."""

from __future__ import annotations

from pathlib import Path


class Usage:
    """Notes each action of each role once, as a line `ROLE ACTION` of a file; nowhere without a file."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._seen: set[tuple[str, str]] = set()

    def note(self, principal: str, action: str) -> None:
        """A request that was allowed.

        Args:
            principal: the ARN of whoever asked; only roles count, whatever their session.
            action: as IAM names it: "ec2:DescribeVpcs".
        """
        kind, _, rest = principal.rpartition(":")[2].partition("/")
        used = (rest.partition("/")[0], action)
        if kind != "assumed-role" or used in self._seen:
            return
        self._seen.add(used)
        if self._file:
            with self._file.open("a") as file:
                file.write(" ".join(used) + "\n")
