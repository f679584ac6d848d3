"""The stand-in as a package that `terraform init` installs: the same bytes on every machine and in every version.

So one checksum in a lock file, beside those of the real provider, is all that a committed lock file needs. It is an
archive because a plugin cache copies those; a folder it would link, and later write the real provider into.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

VERSION = "6.62.0"
"""The version whose schema the stand-in has; it satisfies `~> 6.0`."""

NAME = "terraform-provider-aws"
_PROGRAM = f"""#!/bin/sh
provider="${{TF_CLI_CONFIG_FILE%/*}}/{NAME}"
[ -x "$provider" ] && exec "$provider"
# Terraform shows what it reads in place of the plugin's first line.
echo "This stand-in for hashicorp/aws needs the profile of a running sandbox: flowmart sandbox up"
exit 1
"""
_LOCKED = re.compile(r'provider\s+"[\w.-]+/hashicorp/aws"\s*\{(.*?)\n\}', re.DOTALL)
_LOCKED_VERSION = re.compile(r'version\s*=\s*"([^"]+)"')


def archive() -> bytes:
    """The package."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        entry = zipfile.ZipInfo(NAME)
        entry.external_attr = 0o100755 << 16
        file.writestr(entry, _PROGRAM)
    return packed.getvalue()


def checksum() -> str:
    """The package's checksum in a lock file: that of Go's modules, over the names and digests of its files."""
    listing = f"{hashlib.sha256(_PROGRAM.encode()).hexdigest()}  {NAME}\n"
    return f"h1:{base64.b64encode(hashlib.sha256(listing.encode()).digest()).decode()}"


def locked(folder: Path) -> dict[Path, str]:
    """{lock file: the version of hashicorp/aws in it} of all in a folder."""
    files = sorted(file for file in folder.rglob(".terraform.lock.hcl") if ".terraform" not in file.parts)
    return {file: found for file in files if (found := _version_in(file.read_text()))}


def _version_in(lock: str) -> str | None:
    entry = _LOCKED.search(lock)
    version = entry and _LOCKED_VERSION.search(entry.group(1))
    return version.group(1) if version else None


def complaints(locks: Mapping[Path, str]) -> list[str]:
    """A sentence for each lock file that keeps the stand-in out."""
    real = "set FLOWMART_SANDBOX_PROVIDER=real"
    said = []
    for file, version in locks.items():
        if not served(version):
            said.append(f"{file}: it locks hashicorp/aws {version}, and the stand-in is of {VERSION}; {real}")
        elif checksum() not in file.read_text():
            said.append(f'{file}: it locks the real hashicorp/aws; add "{checksum()}" to its hashes, or {real}')
    return said


def served(version: str) -> bool:
    """Whether the stand-in can stand for this version: one with the same arguments, by and large."""
    return version.partition(".")[0] == VERSION.partition(".")[0]
