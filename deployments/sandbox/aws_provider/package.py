"""Builds the stand-in as a package that `terraform init` installs: the same bytes on all machines, in all versions.

So a committed lock file needs only one more checksum beside those of the real provider. The package is an archive
because a plugin cache copies archives. It would link a folder, and later write the real provider into it.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tasks.engines.terraform.remote_modules import is_exact
from tasks.engines.terraform.versions import Wanted

VERSION = "6.62.0"
"""The version whose schema the stand-in has. It satisfies `~> 6.0`."""

_MAJOR = int(VERSION.partition(".")[0])

NAME = "terraform-provider-aws"
_PROGRAM = f"""#!/bin/sh
provider="${{TF_CLI_CONFIG_FILE%/*}}/{NAME}"
[ -x "$provider" ] && exec "$provider"
# Terraform shows what it reads in place of the plugin's first line.
echo "This stand-in for hashicorp/aws needs the profile of a running sandbox: flowmart sandbox up"
exit 1
"""
_LOCKED = re.compile(r'provider\s+"[\w.-]+/hashicorp/aws"\s*\{(.*?)\n\}', re.DOTALL)
_REQUIRED = re.compile(r'\{[^{}]*?\bsource\s*=\s*"(?:[\w.-]+/)?hashicorp/aws"[^{}]*\}')
_LOCKED_VERSION = re.compile(r'version\s*=\s*"([^"]+)"')


def archive() -> bytes:
    """Return the bytes of the package, a zip archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        entry = zipfile.ZipInfo(NAME)
        entry.external_attr = 0o100755 << 16
        file.writestr(entry, _PROGRAM)
    return packed.getvalue()


def checksum() -> str:
    """Return the package's checksum for a lock file, as Go's modules have it: over names and digests of its files."""
    listing = f"{hashlib.sha256(_PROGRAM.encode()).hexdigest()}  {NAME}\n"
    return f"h1:{base64.b64encode(hashlib.sha256(listing.encode()).digest()).decode()}"


def locked(folder: Path) -> dict[Path, str]:
    """Return {lock file: the version of hashicorp/aws in it} for all lock files in a folder."""
    files = sorted(file for file in folder.rglob(".terraform.lock.hcl") if ".terraform" not in file.parts)
    return {file: found for file in files if (found := _version_in(file.read_text()))}


def _version_in(lock: str) -> str | None:
    entry = _LOCKED.search(lock)
    version = entry and _LOCKED_VERSION.search(entry.group(1))
    return version.group(1) if version else None


def required(folder: Path) -> dict[Path, str]:
    """Return {file: its version constraint for hashicorp/aws} for all code in a folder that has no lock file."""
    files = sorted(file for suffix in ("*.tf", "*.tofu") for file in folder.rglob(suffix))
    found = {file: _required_in(file.read_text(errors="replace")) for file in files if _is_unlocked(file)}
    return {file: constraint for file, constraint in found.items() if constraint}


def _is_unlocked(file: Path) -> bool:
    return ".terraform" not in file.parts and not (file.parent / ".terraform.lock.hcl").exists()


def _required_in(text: str) -> str:
    entry = _REQUIRED.search(text)
    version = entry and _LOCKED_VERSION.search(entry.group())
    return version.group(1).strip() if version else ""


def wanted(locks: Mapping[Path, str], required: Mapping[Path, str]) -> set[str]:
    """Return the exact versions that lock files and code name."""
    return {*locks.values(), *(each.removeprefix("=").strip() for each in required.values() if is_exact(each))}


def complaints(locks: Mapping[Path, str], required: Mapping[Path, str]) -> list[str]:
    """Return a sentence for each lock file, and each requirement without one, that prevents the use of the stand-in.

    Args:
        locks: {lock file: version}, from `locked`.
        required: {file: version constraint}, from `required`.
    """
    real = "set FLOWMART_SANDBOX_PROVIDER=real"
    there = {VERSION, *filter(served, wanted(locks, required))}
    said = [
        f"{file}: it requires hashicorp/aws {constraint}, and the stand-in is of {VERSION}; "
        + (f"require that version, or {real}" if _may_be_real(constraint) else "require that version to try it here")
        for file, constraint in required.items()
        if not any(_allows(constraint, version) for version in there)
    ]
    for file, version in locks.items():
        if not served(version):
            other = real if _is_real(version) else "require that version and remove this file to try it here"
            said.append(f"{file}: it locks hashicorp/aws {version}, and the stand-in is of {VERSION}; {other}")
        elif checksum() not in file.read_text():
            said.append(f'{file}: it locks the real hashicorp/aws; add "{checksum()}" to its hashes, or {real}')
    return said


def _allows(constraint: str, version: str) -> bool:
    try:
        return Wanted(constraint, "").allows(version)
    except ValueError:
        return True  # The constraint cannot be parsed here; terraform reports what is wrong with it.


def _may_be_real(constraint: str) -> bool:
    """Tell whether some version that the sandbox accepts of the real provider satisfies a constraint."""
    return any(
        _allows(constraint, f"{major}.{minor}.0") for major in range(_MAJOR, _MAJOR + 3) for minor in range(100)
    )


def _is_real(version: str) -> bool:
    """Tell whether the sandbox accepts this version of the real provider."""
    return int(version.partition(".")[0]) >= _MAJOR


def served(version: str) -> bool:
    """Tell whether the stand-in can replace this version: within a major version, arguments are roughly the same."""
    return int(version.partition(".")[0]) == _MAJOR
