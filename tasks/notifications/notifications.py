"""Writes notifications (pure), and sends them through Apprise to the addresses in FLOWMART_NOTIFY.

A notification never fails a run, and delays it by a few seconds at most. It is retried once; a failure is logged.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from tasks.domain import wording
from tasks.domain.errors import (
    EnvironmentBlocked,
    EnvironmentBusy,
    PromotionPaused,
    RollbackFailed,
    RolledBack,
    Unanswered,
)
from tasks.drift import DriftReport, descriptions
from tasks.settings import Settings, Subject

if TYPE_CHECKING:
    from apprise import NotifyBase

log = structlog.get_logger("flowmart.notifications")

TIME_LIMIT = 5.0
"""Maximum seconds that `send` waits, whatever the number of addresses."""

_PAUSE = 0.5
_LONGEST_WHY = 1_500
_MOST_LINES = 20


@dataclass(frozen=True)
class Notification:
    """A message, and the subject by which FLOWMART_NOTIFY_ON selects it."""

    subject: Subject
    title: str
    text: str


# --- texts ------------------------------------------------------------------------------------------------


def ended(environment: str, release: str, purpose: str, error: Exception, where: str = "") -> Notification | None:
    """Return the notification about a run that ended with an error.

    Args:
        environment: the environment of the run.
        release: the id of the release.
        purpose: the purpose of the run ("promote").
        error: what ended it.
        where: the address of the run in the Prefect UI, here and below; "" if there is none.

    Returns:
        None for a run that never began, or whose rollback was already reported by `rolled_back`.
    """
    if isinstance(error, EnvironmentBusy | EnvironmentBlocked | RolledBack):
        return None
    if isinstance(error, RollbackFailed):
        return rollback_failed(environment, release, str(error), where)
    if isinstance(error, PromotionPaused):
        title = f"{environment}: {release} is paused, a decision is needed"
        return Notification("promotion-failed", title, _text(environment, str(error), where))
    verdict = "a dependency did not respond" if isinstance(error, Unanswered) else "FAILED"
    title = f"{environment}: {purpose} {release}: {verdict}"
    return Notification("promotion-failed", title, _text(environment, str(error), where))


def rolled_back(environment: str, release: str, why: str, where: str = "") -> Notification:
    """Report that a release was rejected, and that the environment was rolled back."""
    return Notification("rollback", f"{environment}: {release} was rolled back", _text(environment, why, where))


def returned(environment: str, left: str | None, to: str, actor: str, where: str = "") -> Notification:
    """Report that a person rolled an environment back to an earlier release."""
    why = f"{actor} rolled {environment} back from {left or 'an unverified release'} to {to}"
    return Notification("rollback", f"{environment}: rolled back to {to}", _text(environment, why, where))


def rollback_failed(environment: str, release: str, why: str, where: str = "") -> Notification:
    """Report that a rollback failed and the environment is blocked. Always sent, whatever FLOWMART_NOTIFY_ON says."""
    title = f"{environment}: THE ROLLBACK OF {release} FAILED, an operator is needed"
    remedy = f"{environment} is blocked. Repair it by hand, then run `flowmart resolve {environment} --reason ...`"
    return Notification("rollback-failed", title, f"{remedy}\n{_text(environment, why, where)}")


def approval_wanted(environment: str, release: str, what: str, how: str, where: str = "") -> Notification:
    """Report that a promotion waits for an approval: `what` it would change, and `how` to approve it."""
    title = f"{environment}: {release} needs an approval"
    return Notification("approval-wanted", title, _text(environment, f"{what}\n{how}", where))


def rehearsal_failed(environment: str, release: str, earlier: str, why: str, where: str = "") -> Notification:
    """Report that a rehearsed rollback failed."""
    title = f"{environment}: the rehearsed rollback from {release} to {earlier} FAILED"
    return Notification("rehearsal-failed", title, _text(environment, why, where))


def drift(report: DriftReport, where: str = "") -> Sequence[Notification]:
    """Return at most two notifications about a report: one of new drift, one of drift that is gone."""
    name, new, gone = report.environment, report.alerting, report.recovered
    notifications: list[Notification] = []
    if new:
        title = f"{name}: {wording.number(len(new), 'object')} drifted"
        text = _text(name, _folded(list(descriptions.found(new))), where)
        notifications.append(Notification("drift", title, text))
    if gone:
        title = f"{name}: drift of {wording.number(len(gone), 'object')} is gone"
        lines = [f"  {item.unit}: {item.address} is as it was applied" for item in gone]
        notifications.append(Notification("drift-recovered", title, _text(name, _folded(lines), where)))
    return notifications


def _text(environment: str, why: str, where: str) -> str:
    """Return the reason, shortened, and where to find the details."""
    cut = why if len(why) <= _LONGEST_WHY else f"{why[:_LONGEST_WHY]} ..."
    return f"{cut}\nDetails: {where or f'flowmart history {environment}'}"


def _folded(lines: Sequence[str]) -> str:
    more = [f"  ... {len(lines) - _MOST_LINES} more lines"] if len(lines) > _MOST_LINES else []
    return "\n".join([*lines[:_MOST_LINES], *more])


# --- sending ----------------------------------------------------------------------------------------------


def send(settings: Settings, notification: Notification) -> None:
    """Send a notification to all addresses at the same time; never raises.

    It takes `TIME_LIMIT` seconds at most. A delivery that takes longer continues in the background as long as the
    process lives.
    """
    if not _is_wanted(settings, notification):
        return
    failed: list[str] = []
    threads = [_begun(address, notification, failed) for address in _addresses(settings.notify.get_secret_value())]
    until = time.monotonic() + TIME_LIMIT
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    # Logged here, because Prefect only adds the log of this thread to the run.
    for name in [*failed, *(thread.name for thread in threads if thread.is_alive())]:
        log.warning("not notified", what=f"{notification.title}: {name} did not accept it within {TIME_LIMIT:g} s")


def _is_wanted(settings: Settings, notification: Notification) -> bool:
    """Tell whether FLOWMART_NOTIFY_ON selects the subject; a failed rollback is always sent."""
    return notification.subject in (*settings.notify_on, "rollback-failed")


def _addresses(written: str) -> Sequence[NotifyBase]:
    """Return the valid addresses in FLOWMART_NOTIFY."""
    if not written:
        return []
    from tasks.notifications.addresses import addresses

    made = list(addresses(written))
    for number, _ in ((number, address) for number, address in enumerate(made, start=1) if address is None):
        # The address itself may hold a token.
        log.warning(
            "not notified", what=f"address {number} of FLOWMART_NOTIFY is not valid; see Apprise's list of URLs"
        )
    return [address for address in made if address is not None]


def _begun(address: NotifyBase, notification: Notification, failed: list[str]) -> threading.Thread:
    name = str(address.service_name)
    thread = threading.Thread(target=_deliver, args=(address, notification, failed), name=name, daemon=True)
    thread.start()
    return thread


def _deliver(address: NotifyBase, notification: Notification, failed: list[str]) -> None:
    """Send to one address, with one retry; add its service to `failed` if neither attempt succeeds."""
    from tasks.notifications.addresses import is_delivered

    said = (notification.subject, notification.title, notification.text)
    if is_delivered(address, *said):
        return
    time.sleep(_PAUSE)
    if not is_delivered(address, *said):
        failed.append(str(address.service_name))
