"""Decides which responses of the Kubernetes API mean "unanswered" and which "refused". Pure; one table.

A response is judged by its status code, and by `reason`, `causes` and `details` of its Status object
(https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/). The message decides only where the
API gives nothing else. It responds 500 without a reason in three cases. One is a manifest that does not match its
schema (kubernetes/kubernetes#122480), which fails every time. The others are a store and a conversion webhook that do
not respond, which passes. Each line of the table also says what to do next.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.cluster import rights
from tasks.cluster.objects import Reference
from tasks.domain.errors import FlowmartError, Refused, Throttled, Unanswered

_RETRY = "retry later"
_SCHEMA = re.compile(r"failed to create typed patch object|failed to convert new object")
"""How server-side apply reports a manifest that does not match the schema of its kind."""
_STORE = re.compile(r"^(etcdserver: |rpc error: code = |context (deadline exceeded|canceled)$)")
"""How the API server reports that etcd did not respond."""
_WEBHOOK = re.compile(
    r'failed calling webhook|conversion webhook for .* failed: (Post "|an error on the server|the server )'
)
"""How the API server reports that a webhook did not respond. What a webhook itself rejects is worded otherwise."""
_SERVICE = re.compile(r'"https://([a-z0-9-]+)\.([a-z0-9-]+)\.svc[:/]')
"""The address that the API server asked: that of a Service, unless the webhook is declared with a URL."""
_LACKS = re.compile(
    r'\b(serviceaccount|priorityclass|(?:cluster)?role)s?[\w.]* (?:with name )?"?([^\s"]+)"? (?:not|was) found',
    re.IGNORECASE,
)
"""How admission reports an object that it needs: `serviceaccount "x" not found`, `no PriorityClass with name x was
found`, `roles.rbac.authorization.k8s.io "x" not found`."""
_RIGHTS = re.compile(r'User "[^"]*" cannot ')
"""How RBAC words a rejection. Admission responds 403 too, but its rejections have nothing to do with rights."""

_IMMUTABLE = re.compile(r"immutable|updates to .* are forbidden|(may|can) ?not (be )?(change|unset)")
"""How validation reports that a field of an existing object cannot be changed. The API has no reason code for it."""
_OWNED_BY = re.compile(r'conflict with "([^"]+)"')
"""How the API server names the manager of a field in conflict."""
_PRECONDITION = re.compile(r"Precondition failed: UID")


class NotPermitted(Refused):
    """RBAC does not allow this identity to do this."""


class Immutable(Refused):
    """A field cannot be changed. Only a new object can have the new value."""


class Conflicting(Refused):
    """Other field managers own fields that would change."""

    @property
    def managers(self) -> set[str]:
        """The managers that own them."""
        return set(_OWNED_BY.findall(str(self)))


class Replaced(Refused):
    """The object has another UID than the one that was meant."""


class Lacking(Refused):
    """Admission needs another object that does not exist. That object may come with the same release."""

    def comes_with(self, objects: Iterable[Reference]) -> bool:
        """Tell whether the missing object is one of these."""
        found = _LACKS.search(str(self))
        return found is not None and any(
            (about.kind.lower(), about.name) == (found[1].lower(), found[2]) for about in objects
        )


class SilentWebhook(Unanswered):
    """A webhook that the cluster has to ask did not respond. It may belong to the same release."""

    def comes_with(self, objects: Iterable[Reference]) -> bool:
        """Tell whether the Service that the cluster asked for it is, or may be, one of these."""
        services = [(about.name, about.namespace) for about in objects if about.kind == "Service"]
        found = _SERVICE.search(str(self))
        # Not every message names the Service.
        return found.groups() in services if found else bool(services)


@dataclass(frozen=True)
class Answered:
    """A response of the API, or of a service behind it: HTTP status, body as text, and warnings."""

    status: int
    body: str
    warnings: tuple[str, ...] = ()

    @property
    def status_object(self) -> Mapping[str, Any]:
        """The API's Status object; empty if the body is something else."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) and found.get("kind") == "Status" else {}

    @property
    def reason(self) -> str:
        """The machine-readable reason; empty if the API gives none."""
        return str(self.status_object.get("reason") or "")

    @property
    def is_nowhere(self) -> bool:
        """Whether the path itself is not served, so that it is unknown whether the object exists."""
        return self.status == 404 and "name" not in (self.status_object.get("details") or {})

    @property
    def lacks(self) -> str:
        """The resource ("namespaces") of which an object was not found; empty if the response names none."""
        return str((self.status_object.get("details") or {}).get("kind") or "") if self.status == 404 else ""

    @property
    def message(self) -> str:
        """The text for people, whoever responded."""
        return str(self.status_object.get("message") or self.body).strip()

    @property
    def causes(self) -> Sequence[Mapping[str, Any]]:
        """The causes that the Status object lists."""
        return (self.status_object.get("details") or {}).get("causes") or ()


@dataclass(frozen=True)
class _Rule:
    """One line of the table. A field that is None matches everything; `fits` checks the rest of the response."""

    error: type[FlowmartError]
    advice: str = ""
    statuses: frozenset[int] | None = None
    reasons: frozenset[str] | None = None
    cause: str | None = None
    fits: Callable[[Answered], bool] = lambda _: True

    def covers(self, answered: Answered) -> bool:
        """Tell whether the rule matches this response."""
        causes = {cause.get("reason") for cause in answered.causes}
        return (
            (self.statuses is None or answered.status in self.statuses)
            and (self.reasons is None or answered.reason in self.reasons)
            and (self.cause is None or self.cause in causes)
            and self.fits(answered)
        )


def _on(*statuses: int) -> frozenset[int]:
    return frozenset(statuses)


def _for(*reasons: str) -> frozenset[str]:
    return frozenset(reasons)


def _says(pattern: re.Pattern[str]) -> Callable[[Answered], bool]:
    return lambda answered: pattern.search(answered.message) is not None


_TABLE = (
    _Rule(Unanswered, "sign in again, then retry", _on(401)),
    _Rule(Throttled, _RETRY, _on(429)),
    _Rule(Unanswered, _RETRY, _on(0, 408, 502, 503, 504)),
    _Rule(SilentWebhook, _RETRY, _on(500), fits=_says(_WEBHOOK)),
    _Rule(Refused, "correct the manifest", _on(500), fits=_says(_SCHEMA)),
    _Rule(Unanswered, _RETRY, _on(500), fits=_says(_STORE)),
    _Rule(Unanswered, _RETRY, reasons=_for("InternalError", "ServerTimeout", "Timeout", "ServiceUnavailable")),
    # This is not from the API itself, but from a load balancer or a proxy in front of it.
    _Rule(Unanswered, _RETRY, _on(500), fits=lambda answered: not answered.status_object),
    _Rule(Refused, "correct the manifest", _on(500), _for("")),
    _Rule(Unanswered, _RETRY, frozenset(range(500, 600))),
    _Rule(Refused, "wait until the namespace is gone, then retry", _on(403), cause="NamespaceTerminating"),
    _Rule(NotPermitted, statuses=_on(403), fits=_says(_RIGHTS)),
    _Rule(Lacking, statuses=_on(403, 404), fits=_says(_LACKS)),
    _Rule(
        Conflicting,
        "the owner must give these fields up, or the release must leave them out",
        _on(409),
        cause="FieldManagerConflict",
    ),
    _Rule(Replaced, "plan again", _on(409), _for("Conflict"), fits=_says(_PRECONDITION)),
    _Rule(Refused, "somebody changed it meanwhile; plan again", _on(409), _for("Conflict")),
    _Rule(Immutable, statuses=_on(422), fits=_says(_IMMUTABLE)),
    _Rule(Refused),
)  # fmt: skip


def refusal(answered: Answered, doing: str) -> FlowmartError:
    """Return the error for a response that is neither success nor "not found".

    Args:
        answered: the API's response.
        doing: the request, for the message ("apply Deployment/shop/cart in dev").
    """
    rule = next(rule for rule in _TABLE if rule.covers(answered))
    said = "; ".join(_immutable(answered) if rule.error is Immutable else _conflicts(answered))
    said = said or answered.message or "no reason given"
    code = f"{answered.status} " if issubclass(rule.error, Unanswered) else ""
    todo = rights.advice(answered.message) if rule.error is NotPermitted else rule.advice
    return rule.error(f"could not {doing}: {code}{said}{f'; {todo}' if todo else ''}")


def _immutable(answered: Answered) -> Iterator[str]:
    """Yield "spec.template: field is immutable" for each field, without the field's whole content."""
    for cause in answered.causes:
        first = str(cause.get("message", "")).partition("\n")[0]
        yield f"{cause.get('field', '?')}: {first.rpartition(': ')[2]}"


def _conflicts(answered: Answered) -> Iterator[str]:
    """Yield ".spec.replicas is owned by another (conflict with "kubectl")" for each field in conflict."""
    for cause in answered.causes:
        if cause.get("reason") == "FieldManagerConflict":
            yield f"{cause.get('field', '?')} is owned by another ({str(cause.get('message', '')).strip()})"
