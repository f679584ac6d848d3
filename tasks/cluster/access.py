"""Reaching a cluster's API with the official client, as the identity that the variables say.

HELM_KUBECONTEXT names the context of the kubeconfig to use, for helm and for us alike, and KUBECONFIG may say where
the kubeconfig is. A context whose credentials come from a program (`aws eks get-token`) gets our variables too, so
that it acts as the environment's role and not as whoever runs us.

Of the client, its configuration, connections and dynamic requests are used. Its discovery is not: it reads all API
groups, and keeps what it found in a file that everybody on the machine can write.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from tasks.cluster.discovery import Kinds
from tasks.cluster.errors import Answered, refusal
from tasks.cluster.objects import Manifest, Reference
from tasks.domain.errors import InvalidInput, Unanswered, Unequipped

CONTEXT = "HELM_KUBECONTEXT"

_SECONDS = 30
_CONNECTIONS = 64
"""As many as all units may need that are worked on at once: more would be opened and closed for each request."""

_IDEMPOTENT = ("GET", "PATCH")
"""Reading, and applying server-side: the same again gives the same, so a lost answer can be asked for again."""

_PASSING = (429, 500, 502, 503, 504)
"""Statuses that may be another one at once, as client-go and the AWS clients retry them."""


_STRICT = (("fieldValidation", "Strict"),)
"""An unknown field is a mistake, not something to leave out."""
_WARNING = re.compile(r'299 \S+ "((?:[^"\\]|\\.)*)"')
"""A header of the API: `299 - "text"`."""


@dataclass(frozen=True)
class Written:
    """What an apply made of an object, and what the cluster warned of."""

    object: dict[str, Any]
    warnings: tuple[str, ...] = ()


class Cluster:
    """One cluster, as one identity. Make it with `opened`.

    Attributes:
        name: the context's.
        manager: who we are in the managedFields of what we apply.
        namespace: where objects live that name no namespace.
    """

    def __init__(self, client: Any, name: str, manager: str = "flowmart", namespace: str = "default") -> None:
        self._client = client
        self._kinds = Kinds(self._described)
        self.name, self.manager, self.namespace = name, manager, namespace

    def read(self, about: Reference) -> dict[str, Any] | None:
        """The live object; `None` when there is none, or nothing of that kind in this cluster."""
        place = self._place(about)
        answered = self._ask("GET", place) if place else None
        return _found(answered, f"read {about} in {self.name}") if answered else None

    def listed(self, api_version: str, kind: str, namespace: str, **selectors: str) -> list[dict[str, Any]]:
        """All objects of a kind in a namespace; `label_selector`, `field_selector` narrow it down."""
        place = self._place(Reference(api_version, kind, namespace, ""))
        if place is None:
            return []
        answered = self._ask("GET", place, **selectors)
        found = _found(answered, f"list {kind} of {namespace} in {self.name}") or {}
        return [{"apiVersion": api_version, "kind": kind, **item} for item in found.get("items") or ()]

    def first(self, alike: Reference, limit: int) -> tuple[list[dict[str, Any]], bool]:
        """The first objects of the kind and namespace of one of them, and whether they are all.

        Raises:
            NotPermitted: this identity may not list them.
        """
        place = self._place(replace(alike, name=""))
        if place is None:
            return [], True
        doing = f"list {alike.kind} of {alike.namespace or 'the cluster'} in {self.name}"
        found = _found(self._ask("GET", place, limit=limit), doing) or {}
        kind = {"apiVersion": alike.api_version, "kind": alike.kind}
        complete = not (found.get("metadata") or {}).get("continue")
        return [{**kind, **item} for item in found.get("items") or ()], complete

    def apply(
        self, about: Reference, manifest: Manifest, *, force: bool = False, rehearse: bool = False, manager: str = ""
    ) -> Written | None:
        """Apply server-side; what the object is, or with `rehearse` would be, afterwards.

        `manager` applies, or else the cluster's own.
        `None`: there is no such kind or no such namespace in this cluster. `Refused` names who owns fields that
        we would have to take from somebody, unless `force` takes them.
        """
        place = self._place(about)
        if place is None:
            return None
        how = {"field_manager": manager or self.manager, "force_conflicts": force, "query_params": list(_STRICT)}
        how |= {"content_type": "application/apply-patch+yaml", **({"dry_run": "All"} if rehearse else {})}
        answered = self._ask("PATCH", place, body=dict(manifest), **how)
        found = _found(answered, f"{'rehearse' if rehearse else 'apply'} {about} in {self.name}")
        return None if found is None else Written(found, answered.warnings)

    def rehearse_merge(self, about: Reference, patch: Mapping[str, Any]) -> Written | None:
        """Rehearse a JSON merge patch (RFC 7386): what the object would be; `None` when there is none.

        Unlike an apply it takes fields away, whoever owns them.
        """
        place = self._place(about)
        if place is None:
            return None
        how = {"field_manager": self.manager, "query_params": list(_STRICT), "dry_run": "All"}
        answered = self._ask("PATCH", place, body=dict(patch), content_type="application/merge-patch+json", **how)
        found = _found(answered, f"rehearse {about} in {self.name}")
        return None if found is None else Written(found, answered.warnings)

    def remove(self, about: Reference, uid: str) -> bool:
        """Delete the object with that UID and, before it, what belongs to it; whether it was there.

        Foreground deletion is only begun by this: the object is gone once `read` finds nothing.

        Raises:
            Replaced: there is another object of that name now.
        """
        place = self._place(about)
        if place is None:
            return False
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground"}
        answered = self._ask("DELETE", place, body={**body, "preconditions": {"uid": uid}})
        return _found(answered, f"remove {about} in {self.name}") is not None

    def log(self, namespace: str, pod: str, container: str, lines: int, previous: bool = False) -> str:
        """The last lines that a container wrote; empty when there is no log (any more)."""
        query = [("container", container), ("tailLines", lines), ("previous", str(previous).lower())]
        answered = self._ask("GET", f"/api/v1/namespaces/{namespace}/pods/{pod}/log", query_params=query)
        return answered.body if answered.status == 200 else ""

    def through(self, namespace: str, service: str, port: int | str, path: str, seconds: float) -> Answered:
        """GET `path` of a service, through the API server's proxy; whatever status comes back."""
        place = f"/api/v1/namespaces/{namespace}/services/{service}:{port}/proxy/{path.lstrip('/')}"
        return self._ask("GET", place, _request_timeout=seconds, header_params={"Accept": "*/*"})

    def knows(self, about: Reference) -> bool:
        """Whether the cluster has objects of that kind."""
        return self._kinds.resource(about) is not None

    def is_namespaced(self, about: Reference) -> bool | None:
        """Whether objects of that kind live in namespaces; None when the cluster has no such kind."""
        found = self._kinds.resource(about)
        return None if found is None else bool(found["namespaced"])

    def resource_name(self, about: Reference) -> str:
        """What paths, rights and quotas call the kind ("configmaps"); the kind itself where it is not served."""
        found = self._kinds.resource(about)
        return str(found["name"]) if found else about.kind.lower()

    def why_unknown(self, about: Reference) -> str:
        """Why there can be no object of that kind, and what to do."""
        served = self._kinds.versions(about)
        if served:
            return f"{about}: cluster {self.name} serves no {about.type} any more; use {' or '.join(served)}"
        return f"{about}: cluster {self.name} knows no {about.type}; install what defines it first"

    def _place(self, about: Reference) -> str | None:
        """The path of an object, or of all of a kind when it has no name."""
        return self._kinds.path(about)

    def _described(self, path: str) -> Mapping[str, Any]:
        """What discovery answers at a path; empty when the cluster does not serve it."""
        return _found(self._ask("GET", path), f"ask {self.name} for {path}") or {}

    def _ask(self, method: str, path: str, body: Any = None, **parameters: Any) -> Answered:
        from kubernetes.client.exceptions import ApiException

        parameters = {"_request_timeout": _SECONDS, "query_params": [], "header_params": {}, **parameters}
        with _translated(self.name):
            try:
                answer = self._client.request(method, path, body=body, serialize=False, **parameters)
            except ApiException as error:
                return Answered(int(error.status or 0), _text(error.body or error.reason))
            warnings = _WARNING.findall(", ".join(answer.headers.getlist("Warning")))
            return Answered(200, _text(answer.data), tuple(text.replace('\\"', '"') for text in warnings))


def opened(variables: Mapping[str, str], manager: str = "flowmart") -> Cluster:
    """The cluster of the context that `variables` name, as `manager` of what is applied.

    Raises:
        Unequipped: there is no such context.
    """
    from kubernetes import client, config
    from kubernetes.dynamic import DynamicClient

    context = variables.get(CONTEXT)
    if not context:
        raise InvalidInput(f"no cluster: {CONTEXT} is not set; give the environment a cluster in platform.yaml")
    with _translated(context):
        settings = client.Configuration()
        settings.retries = _retries()
        settings.connection_pool_maxsize = _CONNECTIONS
        found = _kubeconfig(variables)
        try:
            config.load_kube_config_from_dict(
                found, context=context, client_configuration=settings, persist_config=False
            )
        except config.ConfigException as error:
            raise Unequipped(f"cluster {context}: {error}; is it in the kubeconfig?") from error
        # The client would look for another proxy among all variables at each request.
        settings.proxy = settings.proxy
        reached = DynamicClient(client.ApiClient(settings), discoverer=lambda *_: None)
        return Cluster(reached, context, manager, _namespace(found, context))


def _retries() -> Any:
    """Four attempts within about a second; what the last one says counts."""
    from urllib3 import Retry

    return Retry(
        total=3, allowed_methods=_IDEMPOTENT, status_forcelist=_PASSING, backoff_factor=0.2, raise_on_status=False
    )


def _kubeconfig(variables: Mapping[str, str]) -> Any:
    """The kubeconfig, merged from all its files, its credential programs with our variables."""
    from kubernetes.config import kube_config

    paths = variables.get("KUBECONFIG") or os.environ.get("KUBECONFIG") or "~/.kube/config"
    merged = kube_config.KubeConfigMerger(paths).config
    if merged is None:
        raise Unequipped(f"cluster {variables[CONTEXT]}: there is no kubeconfig {paths}; set KUBECONFIG")
    for user in merged.value["users"]:
        program = (user.value.get("user") or {}).get("exec")
        if program:
            program["env"] = [*(program.get("env") or ()), *_as_pairs(variables)]
    return merged


def _namespace(kubeconfig: Any, context: str) -> str:
    """The namespace of a context, as kubectl has it."""
    found = next(each.value for each in kubeconfig["contexts"] if each.value["name"] == context)
    return str(found["context"].get("namespace") or "default")


def _as_pairs(variables: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in variables.items()]


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Silence of the network in our words."""
    from urllib3.exceptions import HTTPError

    try:
        yield
    except HTTPError as error:
        raise Unanswered(
            f"cluster {name}: no answer ({_cause(error)}); is it there, and the kubeconfig right?"
        ) from error


def _found(answered: Answered, doing: str) -> dict[str, Any] | None:
    """The object in an answer; `None` for "there is none". Everything else is an error that says what we did."""
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
