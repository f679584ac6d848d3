"""Opens a platform's own part of the store, and refuses a store from before each platform had one.

    <FLOWMART_STORE>/<platform>/ledger, releases ...   where a platform's objects are
    <FLOWMART_STORE>/ledger, releases ...              where they were: nothing reads them there any more

Going on without the old objects would forget what is applied, and plan everything as new.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from contextlib import suppress

from tasks.domain.errors import BrokenChain, InvalidInput, Unanswered, UnreadableRecord
from tasks.ledger import entries
from tasks.ledger.store import Store
from tasks.settings import Settings

RELEASES = "releases"
FOLDERS = (entries.FOLDER, RELEASES, "snapshots", "keys", "github", "jobs")
"""All that a platform's part of the store may hold."""

_OBJECT = re.compile(rf"({entries.FOLDER}/[^/]+/\d{{8}}|{RELEASES}/[0-9a-f]{{12}})\.json")
"""Entries and releases. Those of a platform that is named like one of these folders are one folder further down."""


def open_store(settings: Settings) -> Store:
    """Open the platform's own part of the store.

    Raises:
        InvalidInput: It is empty, and the platform's objects are where they were before; the message moves them.
    """
    store = Store.open(settings.store_address)
    if store.folders(entries.FOLDER) or store.names(RELEASES):
        return store
    address = settings.store_address.rpartition("/")[0]
    # Who may list the platform's own part only could never read the objects where they were.
    with suppress(Unanswered):
        _refuse_unmoved(address, settings.platform_name)
    return store


def _refuse_unmoved(address: str, platform: str) -> None:
    store = Store.open(address)
    ledger, releases = (store.names(folder) for folder in (entries.FOLDER, RELEASES))
    if any(map(_OBJECT.fullmatch, (*ledger, *releases))) and not _is_of_another(store, ledger, platform):
        folders = [name for name in FOLDERS if store.names(name)]
        raise InvalidInput(
            f"{address}: the ledger and releases of platform {platform} belong in {address}/{platform}. "
            f"Move them while no run is at work, then try again:\n{_commands(address, platform, folders)}"
        )


def _is_of_another(store: Store, ledger: Sequence[str], platform: str) -> bool:
    """Whether the newest entry names another platform; entries of before, and unreadable ones, name none."""
    last = next(filter(_OBJECT.fullmatch, reversed(ledger)), None)
    if last is None:
        return False
    with suppress(BrokenChain, UnreadableRecord):
        return entries.decode(last, store.read(last)).platform not in ("", platform)
    return False


def _commands(address: str, platform: str, folders: Sequence[str]) -> str:
    if address.startswith("s3://"):
        pairs = [(f"{address}/{name}", f"{address}/{platform}/{name}") for name in folders]
        return "\n".join(f"  aws s3 mv --recursive {source} {target}" for source, target in pairs)
    sources = shlex.join(f"{address}/{name}" for name in folders)
    return f"  mv {sources} {shlex.quote(f'{address}/{platform}/')}"
