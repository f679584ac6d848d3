"""Build Packer's command lines and parse its output. Pure.

Packer has no plan: the inputs determine what would be built, and the manifest of the template shows what was built.
The reasons of a failed build are in its machine-readable output (timestamp, target, type, data; commas and line ends
in the data are escaped).
"""

from __future__ import annotations

import json
import re
from typing import Any

from tasks.domain.errors import Refused, Unequipped

ANOTHER_VERSION = "Unsupported Packer Core version"
"""Packer's message if the template requires another version (`required_version`)."""

INSTALL = "install it with: apt-get install packer (Debian, Ubuntu), brew install packer (macOS)"

OLDEST = (1, 6)
"""Version 1.6 brought variables with validation, and HCL templates that are no longer beta."""

_VERSION = re.compile(r"Packer v(\d+)\.(\d+)\.(\d+)")


def version(executable: str) -> tuple[str, ...]:
    """Return the command that prints the version."""
    return (executable, "version")


def init(executable: str, template: str) -> tuple[str, ...]:
    """Return the command that installs the template's plugins; for Packer 1.7 and later."""
    return (executable, "init", template)


def validate(executable: str, template: str, variables: str | None, only: str = "") -> tuple[str, ...]:
    """Return the command that checks the template with a file of variables; without one, only its syntax."""
    how = "-syntax-only" if variables is None else f"-var-file={variables}"
    return (executable, "validate", how, *_only(only), template)


def build(executable: str, template: str, variables: str, only: str = "") -> tuple[str, ...]:
    """Return the command that builds the image. Packer cleans up its temporary resources, even after a failure."""
    options = ("-machine-readable", "-on-error=cleanup", f"-var-file={variables}")
    return (executable, "build", *options, *_only(only), template)


def _only(pattern: str) -> tuple[str, ...]:
    return (f"-only={pattern}",) if pattern else ()


def parsed_version(said: str) -> tuple[int, ...]:
    """Parse the version, such as (1, 6, 6).

    Raises:
        Unequipped: there is no version in the text, or it is too old.
    """
    found = _VERSION.search(said)
    if not found:
        raise Unequipped(f"packer: it does not tell its version ({said.strip()[:80] or 'it said nothing'})")
    version = tuple(map(int, found.groups()))
    if version < OLDEST:
        raise Unequipped(f"packer {'.'.join(found.groups())} is too old; 1.6 or later is needed: {INSTALL}")
    return version


def errors(said: str) -> str:
    """Return the reasons in the output of `packer build -machine-readable`, and Ansible's last failures."""
    rows = _rows(said)
    found = list(dict.fromkeys([*_own(rows), *_of_tools(rows)]))
    return "\n".join(found) or said.strip()[-500:] or "packer gave no reason"


def reasons(said: str) -> str:
    """Return Packer's own reasons in the output of a build, without what Ansible and scripts failed with."""
    rows = _rows(said)
    return "\n".join(_own(rows)) or ("" if _of_tools(rows) else said.strip()[-500:])


def _rows(said: str) -> list[list[str]]:
    return [line.split(",", 4) for line in said.splitlines()]


def _own(rows: list[list[str]]) -> list[str]:
    reasons = [_unescaped(row[3]) for row in rows if len(row) > 3 and row[1] and row[2] == "error"]
    reasons += [_unescaped(row[4]) for row in rows if len(row) > 4 and row[2:4] == ["ui", "error"] and not reasons]
    return [text.strip() for text in dict.fromkeys(reasons) if text.strip()]


def _of_tools(rows: list[list[str]]) -> list[str]:
    said_by_tools = [_unescaped(row[4]).strip() for row in rows if len(row) > 4 and row[2:4] == ["ui", "message"]]
    return [line for line in said_by_tools if re.search(r"fatal:|ERROR!|FAILED", line)][-3:]


def complaint(said: str) -> str:
    """Return the errors in the output of `packer validate`, without empty lines."""
    lines = (line.rstrip() for line in said.splitlines())
    return "\n".join(line for line in lines if line and "source code not available" not in line)


def built(manifest: str, region: str) -> tuple[dict[str, str], str]:
    """Parse the manifest of a build.

    The manifest keeps the builds of earlier runs; only the last run counts.

    Returns:
        The ids of the image by region, and the id of its source image ("" if the manifest does not have it).

    Raises:
        Refused: the last run made no image in `region`.
    """
    found: dict[str, Any] = json.loads(manifest)
    last = [build for build in found["builds"] if build["packer_run_uuid"] == found["last_run_uuid"]]
    for build in last:
        images = dict(pair.partition(":")[::2] for pair in build["artifact_id"].split(","))
        if region in images:
            return images, str((build.get("custom_data") or {}).get("source_ami", ""))
    raise Refused(f"packer's manifest tells of no image in {region}: has the template a manifest post-processor?")


def _unescaped(data: str) -> str:
    return data.replace("%!(PACKER_COMMA)", ",").replace("\\n", "\n").replace("\\r", "")
