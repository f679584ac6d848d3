"""Parses the addresses of notifications with Apprise. Imported only if there are addresses: Apprise loads slowly."""

from __future__ import annotations

import re
from collections.abc import Iterator

from apprise import Apprise, AppriseAsset, NotifyBase, NotifyFormat, NotifyType

from tasks.settings import Subject

_TYPES = {
    "promotion-failed": NotifyType.FAILURE,
    "rollback": NotifyType.WARNING,
    "rollback-failed": NotifyType.FAILURE,
    "approval-wanted": NotifyType.INFO,
    "drift": NotifyType.WARNING,
    "drift-recovered": NotifyType.SUCCESS,
    "rehearsal-failed": NotifyType.WARNING,
}


def addresses(written: str) -> Iterator[NotifyBase | None]:
    """Yield the addresses in FLOWMART_NOTIFY, and None for each that is not valid.

    The text is split only where another address begins, because an address may contain commas.
    """
    texts = [text for text in re.split(r"[\s,]+(?=[\w+-]+://)", written.strip(" \t\n,")) if text]
    asset = AppriseAsset(app_id="FlowMart", app_desc="FlowMart's infrastructure delivery")
    return (Apprise.instantiate(text, asset=asset, suppress_exceptions=True) for text in texts)


def is_delivered(address: NotifyBase, subject: Subject, title: str, text: str) -> bool:
    """Send a message to one address; return whether the service accepted it."""
    try:
        kind = _TYPES[subject]
        return bool(address.notify(body=text, title=title, notify_type=kind, body_format=NotifyFormat.TEXT))
    except Exception:  # noqa: BLE001 (whatever a plugin of Apprise may raise; its words could hold a token)
        return False
