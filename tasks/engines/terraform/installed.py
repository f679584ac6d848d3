"""Which versions of its providers an init installed, held against those that may run here.

A provider runs with the rights of the promotion as soon as there is a plan: what must not run is refused before.
Source: Terraform's "Provider Installation": the folder .terraform/providers/HOST/NAMESPACE/TYPE/VERSION.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tasks.domain.errors import Refused
from tasks.engines.terraform import backends
from tasks.engines.terraform.versions import Wanted
from tasks.tool_environment import of_this_process

PROVIDER_VERSIONS = "FLOWMART_PROVIDER_VERSIONS"
"""Setting: the versions of providers that may run, `hashicorp/aws >= 6.0, < 7; hashicorp/random ~> 3.6`."""


def refuse_others(folder: Path, where: str) -> None:
    """Refuse providers in another version than the setting allows; one that it does not name may have any.

    Args:
        folder: where Terraform was initialised.
        where: what to name in the message, such as a unit's source.

    Raises:
        Refused: names the provider and what is allowed, or says that the setting is wrong.
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
    """Each provider without its host, and a version of it."""
    for found in sorted((folder / backends.DATA / "providers").glob("*/*/*/*")):
        yield f"{found.parts[-3]}/{found.parts[-2]}", found.name
