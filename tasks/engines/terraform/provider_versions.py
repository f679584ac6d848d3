"""Check that a root gets the same providers in every environment of a release: from a lock file, or exact versions.

Without a lock file, `terraform init` takes the newest version that the constraints allow when it runs. Source:
Terraform's "Dependency Lock File" and "Provider Requirements": a type implies its provider by its first word, unless
the provider is required.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tasks.engines.terraform import code
from tasks.engines.terraform.commands import LOCK_FILE
from tasks.engines.terraform.remote_modules import is_exact

_BUILT_IN = "terraform"


def fault(root: Path, folders: Iterable[Path]) -> str:
    """Return what is wrong with a root's providers; empty if their versions cannot change.

    Args:
        root: the root's folder.
        folders: the folders of the root and of its local modules.
    """
    if (root / LOCK_FILE).is_file():
        return ""
    wanted: set[str] = set()
    exact: set[str] = set()
    for folder in folders:
        required = _required(folder)
        wanted |= required.keys() | implied(folder)
        exact |= {name for name, version in required.items() if is_exact(version)}
    floating = sorted(wanted - exact - {_BUILT_IN})
    if not floating:
        return ""
    return (
        f"environments may get different versions of {', '.join(floating)}: commit {LOCK_FILE} "
        "(terraform providers lock), or require one version"
    )


def _required(folder: Path) -> dict[str, str]:
    """Return {local name: version constraint} from `required_providers`; a constraint may be empty."""
    blocks = (
        inner for block in code.readable_blocks(folder, "terraform") for inner in block.inner("required_providers")
    )
    entries = (entry for block in blocks for entry in block.body.items())
    return {name: str(wanted.get("version", "") if isinstance(wanted, dict) else wanted) for name, wanted in entries}


def needed(folder: Path) -> set[str]:
    """Return the local names of the providers that the code in a folder needs, without the built-in one."""
    return (_required(folder).keys() | implied(folder)) - {_BUILT_IN}


def implied(folder: Path) -> set[str]:
    """Return the local names of the providers that the types in a folder's code imply."""
    found = code.readable_blocks(folder, "resource", "data", "ephemeral", "provider")
    return {block.labels[0].split("_")[0] for block in found if block.labels}
