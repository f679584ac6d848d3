"""Chooses the profile: the environment variables that point the product at the sandbox or at real accounts.

A profile is a file of variables. While the sandbox is up, `.flowmart/profile.env` points everything at it.
`FLOWMART_PROFILE=<name>` chooses `.flowmart/<name>.env` instead, and `FLOWMART_PROFILE=none` uses no profile.

While `flowmart server` is up, `.flowmart/server.env` holds the address of Prefect. It is applied first. So a profile
with its own Prefect server, such as the sandbox's, overrides it.

Call `activate` before prefect is imported, because prefect reads its variables at import.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from dotenv import dotenv_values

from tasks.domain.errors import InvalidInput

SANDBOX = "sandbox"
"""The name of the running sandbox's profile."""

_WHOLE = ("AWS_", "PREFECT_API_")
"""Prefixes of variables that only make sense together: a profile that sets one of them replaces all.

Otherwise a real AWS_PROFILE or session token could be mixed with the sandbox's keys."""


def activate(root: Path, environ: MutableMapping[str, str] = os.environ) -> str | None:
    """Set the chosen profile's variables in `environ`, overriding existing ones.

    Args:
        root: the project folder.
        environ: the environment variables; FLOWMART_PROFILE is read from it.

    Returns:
        The profile's name; None if no profile is used.

    Raises:
        InvalidInput: FLOWMART_PROFILE names a profile that does not exist, or its file is invalid.
    """
    name, server = chosen(root, environ), root / ".flowmart" / "server.env"
    if environ.get("FLOWMART_PROFILE") != "none" and server.is_file():
        _apply(read(server), environ)
    if name:
        _apply(read(_file(root, name)), environ)
    return name


def chosen(root: Path, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the name of the profile that `activate` uses; None if it uses none.

    Raises:
        InvalidInput: FLOWMART_PROFILE names a profile that does not exist.
    """
    wanted = environ.get("FLOWMART_PROFILE", "")
    if wanted == "none":
        return None
    file = _file(root, wanted or SANDBOX)
    if file.is_file():
        return wanted or SANDBOX
    if not wanted:
        return None
    raise InvalidInput(f"FLOWMART_PROFILE={wanted}: {file} does not exist; {_alternatives(file.parent)}")


def _file(root: Path, name: str) -> Path:
    return root / ".flowmart" / f"{'profile' if name == SANDBOX else name}.env"


def read(file: Path) -> dict[str, str]:
    """Return the variables in a profile's file (`NAME=value` lines).

    Raises:
        InvalidInput: a name has no value.
    """
    found = dotenv_values(file, interpolate=False)
    for name, value in found.items():
        if value is None:
            raise InvalidInput(f"{file}: {name} has no value; write {name}=value")
    return {name: value for name, value in found.items() if value is not None}


def _apply(variables: Mapping[str, str], environ: MutableMapping[str, str]) -> None:
    for family in _WHOLE:
        if any(name.startswith(family) for name in variables):
            for name in [name for name in environ if name.startswith(family)]:
                del environ[name]
    environ.update(variables)


def _alternatives(folder: Path) -> str:
    known = sorted(file.stem for file in folder.glob("*.env") if file.stem not in ("profile", "server"))
    return f"choose one of {', '.join(known)}, or none" if known else "create it, or set FLOWMART_PROFILE=none"
