"""Finds what Terraform would use without a sandbox: the user's CLI configuration and plugin folders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from deployments.sandbox.aws_provider.cli_config import PROVIDERS, method

_NAMED = ("TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG")


def files(environ: Mapping[str, str], mirror: Path) -> dict[Path, str]:
    """Return {file: its text} for the user's configuration files.

    While this sandbox's profile is active, the variable names the sandbox's own file. So a file in `mirror` stores
    what the variable named before.

    Args:
        environ: the environment variables.
        mirror: the folder of the sandbox's mirror.
    """
    memory = mirror / "own-configuration"
    named = next((environ[name] for name in _NAMED if environ.get(name)), "")
    if named and Path(named).parent == mirror:
        named = memory.read_text() if memory.is_file() else ""
    else:
        memory.write_text(named)
    # Only without the variable does Terraform also read a folder of files.
    wanted = [Path(named)] if named else _in_home(environ)
    return {file: file.read_text() for file in wanted if file.is_file()}


def plugin_folders(environ: Mapping[str, str]) -> str:
    """Return the methods that Terraform implies without `provider_installation`: plugin folders, then the registry.

    https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
    """
    folders = [folder for folder in _implied(environ) if folder.is_dir()]
    there = {"/".join(found.relative_to(f).parts) for f in folders for found in f.glob("*/*/*") if found.is_dir()}
    mirrors = "".join(method("filesystem_mirror", path=str(folder)) for folder in folders)
    return mirrors + method("direct", exclude=sorted(there - set(PROVIDERS)))


def _in_home(environ: Mapping[str, str]) -> Iterator[Path]:
    home = environ.get("HOME")
    if home:
        yield next((file for name in ("terraformrc", "tofurc") if (file := Path(home, f".{name}")).is_file()), Path())
        yield from sorted(Path(home, ".terraform.d").glob("*.tfrc"))
        yield from sorted(Path(home, ".terraform.d").glob("*.tfrc.json"))


def _implied(environ: Mapping[str, str]) -> Iterator[Path]:
    home = environ.get("HOME")
    if home:
        yield Path(home, ".terraform.d", "plugins")
        yield Path(environ.get("XDG_DATA_HOME") or Path(home, ".local", "share"), "terraform", "plugins")
    for folder in (environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":"):
        yield Path(folder, "terraform", "plugins")
