"""Selects Terragrunt's folders in a repository: environments below infrastructure/, in a platform without `paths`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from deployments.start import environment_names, released
from deployments.start.discovery import Left, Piece
from deployments.start.guessed import TERRAGRUNT


def alone(pieces: Sequence[Piece]) -> tuple[list[Piece], list[Left]]:
    """Keep only folders below infrastructure/ if Terragrunt is used there; otherwise drop Terragrunt's folders."""

    def is_inside(piece: Piece) -> bool:
        return piece.folder.parts[:1] == (released.FOLDER,)

    mixed = any(piece.engine == TERRAGRUNT and is_inside(piece) for piece in pieces)
    kept = [piece for piece in pieces if is_inside(piece) or not (mixed or piece.engine == TERRAGRUNT)]
    why = "outside of infrastructure/: move it there, since a Terragrunt repository has no `paths`"
    return kept, [Left(piece.folder, f"{piece.engine}, {why}") for piece in pieces if piece not in kept]


def in_live_folders(pieces: Sequence[Piece]) -> tuple[list[Piece], list[Left]]:
    """Replace Terragrunt's units with the environments' folders, and leave out units that are in none.

    A platform has one parent of such folders. live/dev/eu/vpc and live/dev/eu/db are both in live/dev.
    """
    kept, left = list[Piece](), list[Left]()
    for piece in pieces:
        if piece.engine != TERRAGRUNT:
            kept.append(piece)
            continue
        live = _live_folder(piece.folder)
        first = next((each.folder.parent for each in kept if each.engine == TERRAGRUNT), None)
        if live is None:
            left.append(Left(piece.folder, "Terragrunt's, and in no environment's folder: units of a catalog"))
        elif first not in (None, live.parent):
            left.append(Left(piece.folder, f"Terragrunt's, and not in {first}: a platform has one such folder"))
        elif Piece(TERRAGRUNT, live) not in kept:
            kept.append(Piece(TERRAGRUNT, live))
        left += [each for each in _inside(piece.folder, live) if each not in left]
    return kept, left


def _inside(unit: PurePosixPath, live: PurePosixPath | None) -> Iterator[Left]:
    """Yield folders between an environment's and a unit that have environment names too: non-prod/us-east-1/qa."""
    between = (folder for folder in unit.parents if live in folder.parents)
    for folder in between:
        if live is not None and environment_names.is_known(folder.name):
            why = (
                f"called as environments are, and in {live.name}: if it is one, say by `values` where each of them is"
            )
            yield Left(folder, f"{why} (docs/terragrunt.md)")


def _live_folder(folder: PurePosixPath) -> PurePosixPath | None:
    """Return the environment's folder around a unit: live/dev/eu/vpc -> live/dev."""
    around = (each for each in (folder, *folder.parents) if environment_names.is_known(each.name))
    return next(iter([*around][-1:]), None)
