"""The project's own folder, `.flowmart`: store, inbox, server, sandbox. It holds passwords and states."""

from __future__ import annotations

from pathlib import Path

NAME = ".flowmart"


def made(folder: Path) -> Path:
    """Create a folder and return it; if it is a `.flowmart` or in one, make git ignore that folder."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    own = next((each for each in (folder, *folder.parents) if each.name == NAME), None)
    if own is not None and not (own / ".gitignore").exists():
        (own / ".gitignore").write_text("*\n")
    return folder
