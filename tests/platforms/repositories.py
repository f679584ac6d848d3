"""The example repositories of docs/examples: copied, committed, and given to the command line."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "docs/examples/repositories"
SHAPES = tuple(sorted(folder.name for folder in EXAMPLES.iterdir()))


def copied(shape: str, folder: Path, changed: Mapping[str, str] | None = None) -> Path:
    """A git repository in that shape; in its files each text of `changed` stands for another one."""
    repository = folder / "shop"
    shutil.copytree(EXAMPLES / shape, repository, symlinks=True)
    for file in repository.rglob("*"):
        if file.is_file() and not file.is_symlink():
            text = file.read_text()
            for old, new in (changed or {}).items():
                text = text.replace(old, new)
            file.write_text(text)
    git(repository, "init", "--quiet")
    return repository


def commit(repository: Path, subject: str) -> None:
    """Commit all that is there."""
    git(repository, "add", "--all")
    git(
        repository, "-c", "user.name=ada", "-c", "user.email=ada@flowmart.example", "commit", "--quiet", "-m", subject
    )


def git(repository: Path, *arguments: str) -> None:
    """Run git there."""
    subprocess.run(["git", "-C", str(repository), *arguments], check=True, capture_output=True)
