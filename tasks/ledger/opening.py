"""Open a platform's own part of the store, and refuse a store in the earlier layout without such parts.

    <FLOWMART_STORE>/<platform>/ledger, releases ...   where a platform's objects are
    <FLOWMART_STORE>/ledger, releases ...              where they were before: nothing reads them there any more

Continuing without the old objects would forget what is applied, and plan everything as new.
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
"""All folders that a platform's part of the store may have."""

_OBJECT = re.compile(rf"({entries.FOLDER}/[^/]+/\d{{8}}|{RELEASES}/[0-9a-f]{{12}})\.json")
"""Names of entries and releases. Objects of a platform named like such a folder are one folder deeper."""


def open_store(settings: Settings) -> Store:
    """Open the platform's own part of the store.

    Raises:
        InvalidInput: it is empty, and the platform's objects are in the earlier layout; the message says how to move
            them.
    """
    store = Store.open(settings.store_address)
    if store.folders(entries.FOLDER) or store.names(RELEASES):
        return store
    address = settings.store_address.rpartition("/")[0]
    # With access to the platform's own part only, the objects of the earlier layout could never be read.
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
    """Tell whether the newest entry names another platform; older or unreadable entries name none."""
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
