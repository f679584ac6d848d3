"""Check that a root without a lock file gets the same provider builds in every environment of a release.

An exact version says which provider is used, but a registry or mirror may serve another build under that version. So
the receipt records the lock file that `terraform init` wrote, and it is compared with the receipts of the same
release in other environments. Source: Terraform's "Dependency Lock File": `zh:` hashes cover the packages for all
platforms, as their registry signs them; an `h1:` hash covers the package for this platform.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tasks.domain.errors import Refused
from tasks.domain.release import Receipt
from tasks.engines.base import Workspace
from tasks.engines.terraform import backends, code
from tasks.engines.terraform.commands import LOCK_FILE

PROVIDERS = "providers"
"""The key in the receipt's details."""
_NOTE = Path(backends.DATA) / "flowmart-providers.json"


def note(folder: Path) -> None:
    """Record which builds `init` chose for a root without a lock file of its own."""
    lock = folder / LOCK_FILE
    if not lock.is_file():
        return
    found = {block.name: _build(block.body) for block in code.blocks_in(lock, "provider")}
    (folder / _NOTE).parent.mkdir(exist_ok=True)
    (folder / _NOTE).write_text(json.dumps(found, sort_keys=True))


def details(folder: Path) -> dict[str, Any]:
    """Return the builds for the receipt; empty if the release has a lock file, or no provider is needed."""
    file = folder / _NOTE
    found = json.loads(file.read_text()) if file.is_file() else {}
    return {PROVIDERS: found} if found else {}


def refuse_another(workspace: Workspace, elsewhere: Iterable[Receipt]) -> None:
    """Check that the same release got the same builds in other environments, and here before.

    Raises:
        Refused: names the provider, the environment with another build, and what to do.
    """
    here = details(workspace.folder).get(PROVIDERS, {})
    for receipt in filter(None, (workspace.receipt, *elsewhere)):
        if receipt.target.release != workspace.target.release:
            continue
        for name in another(here, receipt.details.get(PROVIDERS, {})):
            raise Refused(
                f"{workspace.target}: {name} {here[name]['version']} is another build than "
                f"{receipt.target.environment} got with this release: commit {LOCK_FILE} (terraform providers lock)"
            )


def another(here: Mapping[str, Any], there: Mapping[str, Any]) -> list[str]:
    """Return the providers that certainly differ between two places."""
    both = sorted(here.keys() & there.keys())
    return [name for name in both if _differ(here[name], there[name])]


def _differ(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    if one["version"] != other["version"]:
        return True
    kinds = one["hashes"].keys() & other["hashes"].keys()
    return any(one["hashes"][kind] != other["hashes"][kind] for kind in kinds)


def _build(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a version and a digest of its hashes for each kind of hash; `h1` kinds also name the platform."""
    hashes: dict[str, list[str]] = {}
    for each in body.get("hashes") or ():
        scheme = str(each).partition(":")[0]
        kind = scheme if scheme == "zh" else f"{scheme} {platform.system()} {platform.machine()}"
        hashes.setdefault(kind, []).append(str(each))
    digests = {
        kind: hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()[:16] for kind, found in hashes.items()
    }
    return {"version": str(body.get("version", "")), "hashes": digests}
