"""Check the versions of the providers that an init installed against those that may run here.

A provider runs with the promotion's permissions from the first plan on, so a version that is not allowed is rejected
before. Source: Terraform's "Provider Installation": the folder .terraform/providers/HOST/NAMESPACE/TYPE/VERSION.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tasks.domain.errors import Refused
from tasks.engines.terraform import backends
from tasks.engines.terraform.versions import Wanted
from tasks.tool_environment import of_this_process

PROVIDER_VERSIONS = "FLOWMART_PROVIDER_VERSIONS"
"""Setting: the provider versions that may run, such as `hashicorp/aws >= 6.0, < 7; hashicorp/random ~> 3.6`."""


def refuse_others(folder: Path, where: str) -> None:
    """Check the installed providers against the setting. Providers that it does not name may have any version.

    Args:
        folder: the folder in which Terraform was initialised.
        where: the name to use in the message, such as a unit's source.

    Raises:
        Refused: names the provider and the allowed versions, or says that the setting is invalid.
    """
    setting = of_this_process((PROVIDER_VERSIONS,)).get(PROVIDER_VERSIONS, "")
    allowed = dict(_constraint(part) for part in setting.split(";") if part.strip())
    for name, version in _installed(folder):
        wanted = allowed.get(name)
        if wanted and not _allows(wanted, version):
            raise Refused(
                f"{where}: init installed {name} {version}, and {PROVIDER_VERSIONS} allows {wanted.constraint} only: "
                "require such a version, and lock it (terraform providers lock)"
            )


def _constraint(part: str) -> tuple[str, Wanted]:
    name, _, constraint = part.strip().partition(" ")
    if not (constraint and "/" in name):
        raise Refused(f"{PROVIDER_VERSIONS}: {part.strip()!r} is not like hashicorp/aws >= 6.0; correct it")
    return name, Wanted(constraint.strip(), PROVIDER_VERSIONS)


def _allows(wanted: Wanted, version: str) -> bool:
    try:
        return wanted.allows(version)
    except ValueError as error:
        raise Refused(str(error)) from error


def _installed(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield (provider without its host, version)."""
    for found in sorted((folder / backends.DATA / "providers").glob("*/*/*/*")):
        yield f"{found.parts[-3]}/{found.parts[-2]}", found.name
