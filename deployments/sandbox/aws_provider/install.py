"""Installs the stand-in for terraform: a filesystem mirror, and the CLI configuration that names it.

Neither the HCL nor the product knows about it: TF_CLI_CONFIG_FILE is the only connection. With
FLOWMART_SANDBOX_PROVIDER=real the configuration selects the real provider instead. All other providers come from the
user's own sources.
"""

from __future__ import annotations

import os
import platform
import sys
import urllib.error
import urllib.request
from collections.abc import Collection, Mapping
from pathlib import Path

from deployments.sandbox.aws_provider import own_config, package
from deployments.sandbox.aws_provider.cli_config import PROVIDERS, merged, method
from tasks.domain.errors import InvalidInput, Unanswered
from tasks.engines.terraform.installed import PROVIDER_VERSIONS

CHOICE = "FLOWMART_SANDBOX_PROVIDER"
REAL_MIRROR = "FLOWMART_SANDBOX_PROVIDER_MIRROR"
_FIRST_THAT_OBEYS = 6
_PROJECT = Path(__file__).resolve().parents[3]
_DISCOVERY = "https://registry.terraform.io/.well-known/terraform.json"


def install(mirror: Path, socket: Path | None, versions: Collection[str] = ()) -> Path:
    """Create the mirror, and a CLI configuration in it.

    Args:
        mirror: the folder of the mirror.
        socket: the socket that `serve` listens on; None if every provider process is to start on its own.
        versions: the versions that lock files require, in addition to that of the schema.

    Returns:
        The path for TF_CLI_CONFIG_FILE.

    Raises:
        InvalidInput: a variable has an invalid value, the user's own configuration cannot be read, or the selected
            real provider would call the real AWS.
        Unanswered: the real provider is selected, but its registry cannot be reached.
    """
    mirror.mkdir(parents=True, exist_ok=True)
    mirror = mirror.resolve()
    own = own_config.files(os.environ, mirror)
    otherwise = own_config.plugin_folders(os.environ)
    if os.environ.get(CHOICE, "emulated") == "real":
        _refuse_what_would_call_aws(versions)
        return _write(mirror / "real.tfrc", merged(own, _real_source(own), otherwise), 0o600)
    if os.environ.get(CHOICE, "emulated") != "emulated":
        raise InvalidInput(f"{CHOICE} is {os.environ[CHOICE]!r}: set it to 'emulated' (the default) or 'real'")
    _write_launcher(mirror)
    _write_packages(mirror, {package.VERSION, *filter(package.served, versions)})
    link = mirror / "provider.sock"
    link.unlink(missing_ok=True)
    if socket:
        link.symlink_to(socket.resolve())
    # The file contains the user's own configuration, including its secrets, so only its owner may read it.
    return _write(mirror / "emulated.tfrc", merged(own, _source(mirror), otherwise), 0o600)


def provider_variables(cli_config: Path) -> dict[str, str]:
    """Return the variables with which Terraform, and the product, find the provider that was installed."""
    real = os.environ.get(CHOICE) == "real"
    # A registry, or the user's own mirror, may have versions that this module has not checked.
    allowed = {PROVIDER_VERSIONS: f"hashicorp/aws >= {_FIRST_THAT_OBEYS}.0"} if real else {}
    return {"TF_CLI_CONFIG_FILE": str(cli_config), **allowed}


def platform_name() -> str:
    """Return this machine's platform as terraform names it: linux_amd64."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{platform.system().lower()}_{machine}"


def _write_packages(mirror: Path, versions: Collection[str]) -> None:
    for provider in PROVIDERS:
        folder = mirror / provider
        folder.mkdir(parents=True, exist_ok=True)
        for version in versions:
            _write(folder / f"{package.NAME}_{version}_{platform_name()}.zip", package.archive())


def _write_launcher(mirror: Path) -> None:
    code = Path(__file__).with_name("launcher.py").read_text()
    values = {"PYTHON": sys.executable, "PROJECT": str(_PROJECT), "SOCKET_LINK": str(mirror / "provider.sock")}
    for name, value in values.items():
        code = code.replace(f"@{name}@", value)
    script = _write(mirror / "launcher.py", code)
    _write(mirror / package.NAME, f'#!/bin/sh\nexec "{sys.executable}" -I -S "{script}"\n', 0o755)


def _source(mirror: Path) -> str:
    return method("filesystem_mirror", path=str(mirror), include=PROVIDERS)


def _real_source(own: Mapping[Path, str]) -> str:
    given = os.environ.get(REAL_MIRROR)
    if given:
        return _source(_existing_mirror(Path(given)))
    if any("provider_installation" in text for text in own.values()):
        return ""
    try:
        urllib.request.urlopen(_DISCOVERY, timeout=5).close()
    except (urllib.error.URLError, TimeoutError) as error:
        raise Unanswered(
            f"{CHOICE}=real: {_DISCOVERY} cannot be reached ({error}). Set {REAL_MIRROR} to a folder made by "
            f"`terraform providers mirror`, or unset {CHOICE} to use the stand-in."
        ) from error
    return ""


def _existing_mirror(folder: Path) -> Path:
    if not any((folder / provider).is_dir() for provider in PROVIDERS):
        raise InvalidInput(
            f"{REAL_MIRROR}={folder}: there is no {PROVIDERS[0]} in it. Make it with `terraform providers mirror` "
            "where the registry can be reached."
        )
    _refuse_what_would_call_aws([version for provider in PROVIDERS for version in _versions(folder / provider)])
    return folder.resolve()


def _versions(folder: Path) -> list[str]:
    """Return the versions of a provider in a mirror, from archives and from folders."""
    archives = [file.name.split("_")[1] for file in folder.glob(f"{package.NAME}_*.zip")]
    return sorted([*archives, *(each.name for each in folder.glob("[0-9]*") if each.is_dir())])


def _refuse_what_would_call_aws(versions: Collection[str]) -> None:
    """Refuse versions before 6.0: some of their clients (EC2, IAM, KMS) ignore AWS_ENDPOINT_URL and call AWS."""
    for version in versions:
        if int(version.partition(".")[0]) < _FIRST_THAT_OBEYS:
            raise InvalidInput(
                f"{CHOICE}=real: hashicorp/aws {version} would call the real AWS, since it ignores AWS_ENDPOINT_URL. "
                f"Use {_FIRST_THAT_OBEYS}.0 or later in {REAL_MIRROR} and in lock files."
            )


def _write(path: Path, content: str | bytes, mode: int = 0o644) -> Path:
    # Replace the file in one step, and only if it differs, because Terraform may be reading the old one.
    wanted = content.encode() if isinstance(content, str) else content
    if not path.is_file() or path.read_bytes() != wanted:
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.touch(mode)
        fresh.write_bytes(wanted)
        fresh.chmod(mode)
        fresh.replace(path)
    return path
