"""The command lines of Packer, and what its answers mean. Pure.

Packer has no plan: what would be built is known by its inputs, and what was built is read from the manifest that its
template writes. Why a build failed it says in its machine-readable form (timestamp, target, type, data; commas and
line ends in the data are escaped).
"""

from __future__ import annotations

import json
import re
from typing import Any

from tasks.domain.errors import Refused, Unequipped

ANOTHER_VERSION = "Unsupported Packer Core version"
"""What Packer says where the template wants another version of it (`required_version`)."""

INSTALL = "install it with: apt-get install packer (Debian, Ubuntu), brew install packer (macOS)"

OLDEST = (1, 6)
"""Variables with validation, and templates in HCL that are no longer a beta, came with 1.6."""

_VERSION = re.compile(r"Packer v(\d+)\.(\d+)\.(\d+)")


def version(executable: str) -> tuple[str, ...]:
    """Ask for the version."""
    return (executable, "version")


def init(executable: str, template: str) -> tuple[str, ...]:
    """Install the plugins that the template asks for; from 1.7 on."""
    return (executable, "init", template)


def validate(executable: str, template: str, variables: str | None, only: str = "") -> tuple[str, ...]:
    """Whether the template is right with these variables (a file); without any, whether it is one at all."""
    how = "-syntax-only" if variables is None else f"-var-file={variables}"
    return (executable, "validate", how, *_only(only), template)


def build(executable: str, template: str, variables: str, only: str = "") -> tuple[str, ...]:
    """Build the image; what it made on the way is cleaned up, whether it succeeds or not."""
    options = ("-machine-readable", "-on-error=cleanup", f"-var-file={variables}")
    return (executable, "build", *options, *_only(only), template)


def _only(pattern: str) -> tuple[str, ...]:
    return (f"-only={pattern}",) if pattern else ()


def parsed_version(said: str) -> tuple[int, ...]:
    """(1, 6, 6); `Unequipped` when it is none, or too old."""
    found = _VERSION.search(said)
    if not found:
        raise Unequipped(f"packer: it does not tell its version ({said.strip()[:80] or 'it said nothing'})")
    version = tuple(map(int, found.groups()))
    if version < OLDEST:
        raise Unequipped(f"packer {'.'.join(found.groups())} is too old; 1.6 or later is needed: {INSTALL}")
    return version


def errors(said: str) -> str:
    """The reasons in what `packer build -machine-readable` printed, and the last that Ansible failed with."""
    rows = [line.split(",", 4) for line in said.splitlines()]
    reasons = [_unescaped(row[3]) for row in rows if len(row) > 3 and row[1] and row[2] == "error"]
    reasons += [_unescaped(row[4]) for row in rows if len(row) > 4 and row[2:4] == ["ui", "error"] and not reasons]
    said_by_tools = [_unescaped(row[4]).strip() for row in rows if len(row) > 4 and row[2:4] == ["ui", "message"]]
    fatal = [line for line in said_by_tools if re.search(r"fatal:|ERROR!|FAILED", line)]
    told = list(dict.fromkeys(text.strip() for text in [*reasons, *fatal[-3:]] if text.strip()))
    return "\n".join(told) or said.strip()[-500:] or "packer gave no reason"


def complaint(said: str) -> str:
    """What `packer validate` has against a template, without its empty lines."""
    lines = (line.rstrip() for line in said.splitlines())
    return "\n".join(line for line in lines if line and "source code not available" not in line)


def built(manifest: str, region: str) -> tuple[dict[str, str], str]:
    """The ids by region of the image that the last run made, and that of its source ("" where it is not told).

    The manifest keeps the builds of earlier runs. `Refused` when the last one made no image in `region`.
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
