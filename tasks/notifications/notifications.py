"""Telling people who are not watching: what is said, and sending it through Apprise.

A notification decides nothing and holds up nothing: it is tried twice, for a few seconds at most, and one that does
not get through is logged. The texts are pure, in the words of the command line; where they go is FLOWMART_NOTIFY.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from apprise import Apprise, AppriseAsset, NotifyBase, NotifyFormat, NotifyType

from tasks.domain.errors import EnvironmentBlocked, EnvironmentBusy, RollbackFailed, RolledBack, Unanswered
from tasks.drift import DriftReport, descriptions
from tasks.settings import Settings, Subject

log = structlog.get_logger("flowmart.notifications")

TIME_LIMIT = 5.0
"""Seconds that whoever sends a notification waits for it, whatever the number of addresses."""

_PAUSE = 0.5
_LONGEST_WHY = 1_500
_MOST_LINES = 20

_TYPES = {
    "promotion-failed": NotifyType.FAILURE,
    "rollback": NotifyType.WARNING,
    "rollback-failed": NotifyType.FAILURE,
    "approval-wanted": NotifyType.INFO,
    "drift": NotifyType.WARNING,
    "drift-recovered": NotifyType.SUCCESS,
}


@dataclass(frozen=True)
class Notification:
    """What to tell, of which subject."""

    subject: Subject
    title: str
    text: str


# --- what is said -----------------------------------------------------------------------------------------


def ended(environment: str, release: str, purpose: str, error: Exception, where: str = "") -> Notification | None:
    """What to tell of a run that ended with an error; None where it never began, or where `rolled_back` told it.

    `where` is the address of the run in the Prefect UI, here and below.
    """
    if isinstance(error, EnvironmentBusy | EnvironmentBlocked | RolledBack):
        return None
    if isinstance(error, RollbackFailed):
        return rollback_failed(environment, release, str(error), where)
    verdict = "got no answer" if isinstance(error, Unanswered) else "FAILED"
    title = f"{environment}: {purpose} {release}: {verdict}"
    return Notification("promotion-failed", title, _text(environment, str(error), where))


def rolled_back(environment: str, release: str, why: str, where: str = "") -> Notification:
    """A release did not work, and everything is back as it was."""
    return Notification("rollback", f"{environment}: {release} was rolled back", _text(environment, why, where))


def went_back(environment: str, left: str | None, to: str, actor: str, where: str = "") -> Notification:
    """Somebody put an environment on an earlier release."""
    why = f"{actor} took {environment} from {left or 'what was there'} back to {to}"
    return Notification("rollback", f"{environment} is back on {to}", _text(environment, why, where))


def rollback_failed(environment: str, release: str, why: str, where: str = "") -> Notification:
    """The loudest there is: a person is needed now."""
    title = f"{environment}: THE ROLLBACK OF {release} FAILED, a person is needed"
    remedy = f"{environment} is blocked. Put it right by hand, then `flowmart resolve {environment} --reason ...`"
    return Notification("rollback-failed", title, f"{remedy}\n{_text(environment, why, where)}")


def approval_wanted(environment: str, release: str, what: str, how: str, where: str = "") -> Notification:
    """A promotion waits for a person: `what` it would do, in words, and `how` to approve it."""
    title = f"{environment} wants an approval of {release}"
    return Notification("approval-wanted", title, _text(environment, f"{what}\n{how}", where))


def drift(report: DriftReport, where: str = "") -> Sequence[Notification]:
    """What a report has that nobody was told of: new drift, and drift that is gone."""
    name, new, gone = report.environment, report.alerting, report.recovered
    told: list[Notification] = []
    if new:
        title = f"{name}: {descriptions.objects(len(new))} drifted"
        told.append(Notification("drift", title, _text(name, _folded(list(descriptions.found(new))), where)))
    if gone:
        title = f"{name}: drift of {descriptions.objects(len(gone))} is gone"
        lines = [f"  {item.unit}: {item.address} is as it was applied" for item in gone]
        told.append(Notification("drift-recovered", title, _text(name, _folded(lines), where)))
    return told


def _text(environment: str, why: str, where: str) -> str:
    """Why, cut, and where to look."""
    cut = why if len(why) <= _LONGEST_WHY else f"{why[:_LONGEST_WHY]} ..."
    return f"{cut}\nLook: {where or f'flowmart history {environment}'}"


def _folded(lines: Sequence[str]) -> str:
    more = [f"  ... {len(lines) - _MOST_LINES} lines more"] if len(lines) > _MOST_LINES else []
    return "\n".join([*lines[:_MOST_LINES], *more])


# --- sending it -------------------------------------------------------------------------------------------


def send(settings: Settings, notification: Notification) -> None:
    """Tell it to all addresses at the same time. Takes `TIME_LIMIT` seconds at most, and never raises.

    What is still under way then goes on by itself, as long as the process lives.
    """
    if not _is_wanted(settings, notification):
        return
    deaf: list[str] = []
    threads = [_begun(address, notification, deaf) for address in _addresses(settings.notify.get_secret_value())]
    until = time.monotonic() + TIME_LIMIT
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    # Logged from here: what a thread of its own logs does not get into the log of the run.
    for name in [*deaf, *(thread.name for thread in threads if thread.is_alive())]:
        log.warning("not notified", what=f"{notification.title}: {name} did not take it in {TIME_LIMIT:g} s")


def _is_wanted(settings: Settings, notification: Notification) -> bool:
    """A failed rollback is told whatever FLOWMART_NOTIFY_ON says."""
    return notification.subject in (*settings.notify_on, "rollback-failed")


def _addresses(written: str) -> Sequence[NotifyBase]:
    """The addresses of FLOWMART_NOTIFY. A comma or space ends one where another begins, since both may be in one."""
    texts = [text for text in re.split(r"[\s,]+(?=[\w+-]+://)", written.strip(" \t\n,")) if text]
    asset = AppriseAsset(app_id="FlowMart", app_desc="FlowMart's infrastructure delivery")
    made = [Apprise.instantiate(text, asset=asset, suppress_exceptions=True) for text in texts]
    for number, _ in ((number, address) for number, address in enumerate(made, start=1) if address is None):
        # The address itself may hold a token.
        log.warning("not notified", what=f"address {number} of FLOWMART_NOTIFY is none that Apprise knows")
    return [address for address in made if address is not None]


def _begun(address: NotifyBase, notification: Notification, deaf: list[str]) -> threading.Thread:
    name = str(address.service_name)
    thread = threading.Thread(target=_deliver, args=(address, notification, deaf), name=name, daemon=True)
    thread.start()
    return thread


def _deliver(address: NotifyBase, notification: Notification, deaf: list[str]) -> None:
    """Tell it to one address, once more if it did not get through; those to which it did not are added to `deaf`."""
    if _told(address, notification):
        return
    time.sleep(_PAUSE)
    if not _told(address, notification):
        deaf.append(str(address.service_name))


def _told(address: NotifyBase, notification: Notification) -> bool:
    try:
        kind = _TYPES[notification.subject]
        return bool(
            address.notify(
                body=notification.text, title=notification.title, notify_type=kind, body_format=NotifyFormat.TEXT
            )
        )
    except Exception:  # noqa: BLE001 (whatever a plugin of Apprise may raise; its words could hold a token)
        return False
