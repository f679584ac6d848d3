"""The project's own folder, `.flowmart`: store, inbox, server, sandbox. Passwords and states are in it."""

from __future__ import annotations

from pathlib import Path

NAME = ".flowmart"


def made(folder: Path) -> Path:
    """Make a folder; if it is in a `.flowmart`, or is one, git ignores all of that from then on."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    own = next((each for each in (folder, *folder.parents) if each.name == NAME), None)
    if own is not None and not (own / ".gitignore").exists():
        (own / ".gitignore").write_text("*\n")
    return folder
