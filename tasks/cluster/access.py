"""Reaches a cluster's API with the official client, as one identity.

We use the client's configuration, connections and dynamic requests, but not its discovery. That reads all API groups,
and keeps the result in a file that everybody on the machine can write.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from tasks.cluster.discovery import Kinds
from tasks.cluster.errors import Answered, refusal
from tasks.cluster.objects import Manifest, Reference
from tasks.domain.errors import Unanswered

_SECONDS = 30

_STRICT = (("fieldValidation", "Strict"),)
"""Reject unknown fields as mistakes instead of dropping them."""
_WARNING = re.compile(r'299 \S+ "((?:[^"\\]|\\.)*)"')
"""The API's warning header: `299 - "text"`."""


@dataclass(frozen=True)
class Written:
    """The object that an apply produced, and the cluster's warnings."""

    object: dict[str, Any]
    warnings: tuple[str, ...] = ()


class Cluster:
    """One cluster, as one identity. `kubeconfig.opened` creates it.

    Attributes:
        name: the context's name.
        manager: our name in the managedFields of what we apply.
        namespace: the namespace of objects that name none.
    """

    def __init__(self, client: Any, name: str, manager: str = "flowmart", namespace: str = "default") -> None:
        self._client = client
        self._kinds = Kinds(self._described)
        self.name, self.manager, self.namespace = name, manager, namespace

    def read(self, about: Reference) -> dict[str, Any] | None:
        """Read the live object; None if it does not exist or the cluster does not have its kind.

        If the cluster no longer serves the reference's version, the object has another one.
        """
        _, answered = self._ask_about("GET", about)
        return _found(answered, f"read {about} in {self.name}") if answered else None

    def listed(self, api_version: str, kind: str, namespace: str, **selectors: str) -> list[dict[str, Any]]:
        """List the objects of a kind in a namespace; `label_selector` and `field_selector` narrow the list."""
        place = self._place(Reference(api_version, kind, namespace, ""))
        if place is None:
            return []
        answered = self._ask("GET", place, **selectors)
        found = _found(answered, f"list {kind} of {namespace} in {self.name}") or {}
        return [{"apiVersion": api_version, "kind": kind, **item} for item in found.get("items") or ()]

    def first(self, alike: Reference, limit: int) -> tuple[list[dict[str, Any]], bool]:
        """List the first objects that have the kind and namespace of `alike`.

        Returns:
            At most `limit` objects, and whether no more exist.

        Raises:
            NotPermitted: this identity may not list them.
        """
        served, answered = self._ask_about("GET", replace(alike, name=""), limit=limit)
        if answered is None:
            return [], True
        found = _found(answered, f"list {alike.kind} of {alike.namespace or 'the cluster'} in {self.name}") or {}
        kind = {"apiVersion": served.api_version, "kind": alike.kind}
        complete = not (found.get("metadata") or {}).get("continue")
        return [{**kind, **item} for item in found.get("items") or ()], complete

    def apply(
        self, about: Reference, manifest: Manifest, *, force: bool = False, rehearse: bool = False, manager: str = ""
    ) -> Written | None:
        """Apply server-side, or with `rehearse` only as a dry run.

        Args:
            about: the object.
            manifest: the manifest to apply.
            force: take fields from other owners.
            rehearse: change nothing.
            manager: the field manager; empty for the cluster's own.

        Returns:
            The object afterwards; None if the cluster does not have such a kind or namespace.

        Raises:
            Refused: the cluster rejects it, or others own fields and `force` is not set; the message names them.
        """
        place = self._place(about)
        if place is None:
            return None
        how = {"field_manager": manager or self.manager, "force_conflicts": force, "query_params": list(_STRICT)}
        how |= {"content_type": "application/apply-patch+yaml", **({"dry_run": "All"} if rehearse else {})}
        answered = self._ask("PATCH", place, body=dict(manifest), **how)
        doing = f"{'rehearse' if rehearse else 'apply'} {about} in {self.name}"
        if answered.lacks not in ("", "namespaces", self.resource_name(about)):
            raise refusal(answered, doing)
        found = _found(answered, doing)
        return None if found is None else Written(found, answered.warnings)

    def rehearse_merge(self, about: Reference, patch: Mapping[str, Any]) -> Written | None:
        """Rehearse a JSON merge patch (RFC 7386) and return what the object would become; None if it does not exist.

        Unlike an apply, it removes fields whoever owns them.
        """
        place = self._place(about)
        if place is None:
            return None
        how = {"field_manager": self.manager, "query_params": list(_STRICT), "dry_run": "All"}
        answered = self._ask("PATCH", place, body=dict(patch), content_type="application/merge-patch+json", **how)
        found = _found(answered, f"rehearse {about} in {self.name}")
        return None if found is None else Written(found, answered.warnings)

    def remove(self, about: Reference, uid: str) -> bool:
        """Begin to delete the object with that UID, and what depends on it first (foreground deletion).

        Returns:
            Whether it existed. It is gone once `read` returns None.

        Raises:
            Replaced: an object with another UID has that name now.
        """
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground"}
        _, answered = self._ask_about("DELETE", about, body={**body, "preconditions": {"uid": uid}})
        return answered is not None and _found(answered, f"remove {about} in {self.name}") is not None

    def log(self, namespace: str, pod: str, container: str, lines: int, previous: bool = False) -> str:
        """Return the last `lines` of a container's log, or of its `previous` run; empty if there is no log."""
        query = [("container", container), ("tailLines", lines), ("previous", str(previous).lower())]
        answered = self._ask("GET", f"/api/v1/namespaces/{namespace}/pods/{pod}/log", query_params=query)
        return answered.body if answered.status == 200 else ""

    def through(self, namespace: str, service: str, port: int | str, path: str, seconds: float) -> Answered:
        """GET `path` of a service through the API server's proxy within `seconds`; any status is returned."""
        place = f"/api/v1/namespaces/{namespace}/services/{service}:{port}/proxy/{path.lstrip('/')}"
        return self._ask("GET", place, _request_timeout=seconds, header_params={"Accept": "*/*"})

    def knows(self, about: Reference) -> bool:
        """Tell whether the cluster serves the object's kind."""
        return self._kinds.resource(about) is not None

    def is_namespaced(self, about: Reference) -> bool | None:
        """Tell whether objects of that kind live in namespaces; None if the cluster does not serve the kind."""
        found = self._kinds.resource(about)
        return None if found is None else bool(found["namespaced"])

    def served(self) -> Iterator[tuple[str, Collection[str]]]:
        """Yield everything that the cluster serves: each API version, with its kinds."""
        return self._kinds.all()

    def version(self) -> str:
        """Return the version of the cluster ("v1.34.4")."""
        return str(self._described("/version").get("gitVersion") or "")

    def resource_name(self, about: Reference) -> str:
        """Return the kind's name in paths, RBAC and quotas ("configmaps"); if it is not served, the kind itself."""
        found = self._kinds.resource(about)
        return str(found["name"]) if found else about.kind.lower()

    def why_unknown(self, about: Reference) -> str:
        """Explain why there can be no object of that kind, and what to do."""
        served = self._kinds.versions(about)
        if served:
            return f"{about}: cluster {self.name} serves no {about.type} any more; use {' or '.join(served)}"
        return f"{about}: cluster {self.name} knows no {about.type}; install what defines it first"

    def _place(self, about: Reference) -> str | None:
        """Return the path of an object, or of all of its kind if it has no name."""
        return self._kinds.path(about)

    def _ask_about(self, method: str, about: Reference, **parameters: Any) -> tuple[Reference, Answered | None]:
        """Ask about an object, or about all of its kind if it has no name, in a version that is served.

        Returns:
            The reference in that version, and the response; None if the cluster does not serve the kind.
        """
        place = self._place(about)
        answered = self._ask(method, place, **parameters) if place else None
        if answered and not answered.is_nowhere:
            return about, answered
        served = self._kinds.served(about)
        place = self._place(served) if served else None
        return served or about, self._ask(method, place, **parameters) if place else None

    def _described(self, path: str) -> Mapping[str, Any]:
        """Return the discovery response at a path; empty if the cluster does not serve it."""
        return _found(self._ask("GET", path), f"ask {self.name} for {path}") or {}

    def _ask(self, method: str, path: str, body: Any = None, **parameters: Any) -> Answered:
        from kubernetes.client.exceptions import ApiException

        parameters = {"_request_timeout": _SECONDS, "query_params": [], "header_params": {}, **parameters}
        with translated(self.name):
            try:
                answer = self._client.request(method, path, body=body, serialize=False, **parameters)
            except ApiException as error:
                return Answered(int(error.status or 0), _text(error.body or error.reason))
            warnings = _WARNING.findall(", ".join(answer.headers.getlist("Warning")))
            return Answered(200, _text(answer.data), tuple(text.replace('\\"', '"') for text in warnings))


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn the client's network errors into `Unanswered`; `name` is the cluster's."""
    from urllib3.exceptions import HTTPError

    try:
        yield
    except HTTPError as error:
        raise Unanswered(
            f"cluster {name}: no answer ({_cause(error)}); is it there, and the kubeconfig right?"
        ) from error


def _found(answered: Answered, doing: str) -> dict[str, Any] | None:
    """Return the object in a response; None for "not found". Any other status raises an error."""
    if answered.status == 200:
        return _parsed(answered, doing)
    if answered.status == 404:
        return None
    raise refusal(answered, doing)


def _parsed(answered: Answered, doing: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(answered.body)
    except ValueError as error:
        said = " ".join(answered.body.split())[:100]
        raise Unanswered(f"could not {doing}: something else than Kubernetes answers there ({said})") from error
    return found


def _text(data: Any) -> str:
    return data.decode(errors="replace") if isinstance(data, bytes) else str(data or "")


def _cause(error: Exception) -> str:
    return " ".join(str(getattr(error, "reason", None) or error).split())[:200]
