"""Installs the stand-in for terraform: a filesystem mirror, and the CLI configuration that names it.

Neither the HCL nor the product knows about it: TF_CLI_CONFIG_FILE is the only connection. With
FLOWMART_SANDBOX_PROVIDER=real the configuration selects the real provider instead.
"""

from __future__ import annotations

import os
import platform
import sys
import urllib.error
import urllib.request
from pathlib import Path

from tasks.domain.errors import InvalidInput, Unanswered

PROVIDER = "registry.terraform.io/hashicorp/aws"
VERSION = "6.62.0"
"""The version whose schema the stand-in has; it satisfies `~> 6.0`."""

CHOICE = "FLOWMART_SANDBOX_PROVIDER"
REAL_MIRROR = "FLOWMART_SANDBOX_PROVIDER_MIRROR"
_PROJECT = Path(__file__).resolve().parents[3]
_DISCOVERY = "https://registry.terraform.io/.well-known/terraform.json"


def install(mirror: Path, socket: Path | None) -> Path:
    """Make the mirror and a CLI configuration in it.

    The files depend on the path of the mirror alone, so that the checksums in lock files stay valid when the sandbox
    is restarted.

    Args:
        mirror: the folder of the mirror.
        socket: where `serve` listens; None: every provider process starts by itself.

    Returns:
        The path for TF_CLI_CONFIG_FILE.

    Raises:
        InvalidInput: A variable has an invalid value.
        Unanswered: The real provider is selected, but its registry cannot be reached.
    """
    mirror.mkdir(parents=True, exist_ok=True)
    mirror = mirror.resolve()
    if os.environ.get(CHOICE, "emulated") == "real":
        return _write(mirror / "real.tfrc", _real_installation())
    if os.environ.get(CHOICE, "emulated") != "emulated":
        raise InvalidInput(f"{CHOICE} is {os.environ[CHOICE]!r}: set it to 'emulated' (the default) or 'real'")
    _write_launcher(mirror)
    link = mirror / "provider.sock"
    link.unlink(missing_ok=True)
    if socket:
        link.symlink_to(socket.resolve())
    return _write(mirror / "emulated.tfrc", _filesystem(mirror))


def platform_name() -> str:
    """This machine as terraform names it: linux_amd64."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{platform.system().lower()}_{machine}"


def _write_launcher(mirror: Path) -> None:
    folder = mirror / PROVIDER / VERSION / platform_name()
    folder.mkdir(parents=True, exist_ok=True)
    code = Path(__file__).with_name("launcher.py").read_text()
    values = {"PYTHON": sys.executable, "PROJECT": str(_PROJECT), "SOCKET_LINK": str(mirror / "provider.sock")}
    for name, value in values.items():
        code = code.replace(f"@{name}@", value)
    script = _write(mirror / "launcher.py", code)
    binary = _write(
        folder / f"terraform-provider-aws_v{VERSION}_x5", f'#!/bin/sh\nexec "{sys.executable}" -I -S "{script}"\n'
    )
    binary.chmod(0o755)


def _real_installation() -> str:
    given = os.environ.get(REAL_MIRROR)
    if given:
        return _filesystem(_existing_mirror(Path(given)))
    try:
        urllib.request.urlopen(_DISCOVERY, timeout=5).close()
    except (urllib.error.URLError, TimeoutError) as error:
        raise Unanswered(
            f"{CHOICE}=real: {_DISCOVERY} cannot be reached ({error}). Set {REAL_MIRROR} to a folder made by "
            f"`terraform providers mirror`, or unset {CHOICE} to use the stand-in."
        ) from error
    return "disable_checkpoint = true\nprovider_installation {\n  direct {}\n}\n"


def _existing_mirror(folder: Path) -> Path:
    if not (folder / PROVIDER).is_dir():
        raise InvalidInput(
            f"{REAL_MIRROR}={folder}: there is no {PROVIDER} in it. Make it with `terraform providers mirror` "
            "where the registry can be reached."
        )
    return folder.resolve()


def _filesystem(mirror: Path) -> str:
    return (
        "disable_checkpoint = true\n"
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
    )


def _write(path: Path, text: str) -> Path:
    # Terraform may be reading the old file: replaced in one step, and only when it differs.
    if not path.is_file() or path.read_text() != text:
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_text(text)
        fresh.replace(path)
    return path
