"""Emulate a few run-once programs of public charts. They create Secrets that other pods wait for.

The sandbox runs no programs. But if a chart's certificate generator did nothing, its pods would never become ready.
Words in the command identify the program, because charts allow other images:

| words | result |
| --- | --- |
| `create --secret-name=NAME` (kube-webhook-certgen) | a Secret with an authority, a certificate and its key |
| `patch --webhook-name=NAME --secret-name=NAME` (the same) | its authority in the webhook configurations NAME |
| `argocd admin redis-initial-password` | the Secret `argocd-redis` with a password |

They use the rights of the pod's service account. Without the right they fail, as on a real cluster.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping
from functools import partial

from deployments.sandbox.kubernetes import certificates
from deployments.sandbox.kubernetes.access.rbac import Attributes, Rbac
from deployments.sandbox.kubernetes.asking import User
from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.objects import at, clone, namespace_of
from deployments.sandbox.kubernetes.resources import Object, built_in

_CERTGEN = "kube-webhook-certgen"
_ARGOCD = "argocd"
_REDIS = "argocd-redis"
_HOOKS = {"validating": "ValidatingWebhookConfiguration", "mutating": "MutatingWebhookConfiguration"}


def run(world: World, pod: Object, container: Object) -> str:
    """Do what the container's program does. Return why it failed; empty if it succeeded or is not emulated."""
    words = [str(word) for word in (*(container.get("command") or ()), *(container.get("args") or ()))]
    does = _program(words)
    return does(_Actor(world, pod), _options(words)) if does else ""


class _Actor:
    """Acts as a pod's service account. A missing right is the reason for the program's failure."""

    def __init__(self, world: World, pod: Object) -> None:
        self.world, self.namespace = world, namespace_of(pod)
        account = at(pod, "spec.serviceAccountName", "default")
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{self.namespace}", "system:authenticated")
        self._user = User(f"system:serviceaccount:{self.namespace}:{account}", groups)

    def refused(self, verb: str, kind: str, namespace: str, name: str) -> str:
        """Return why the service account may not do this; empty if it may."""
        resource = built_in(kind)
        asked = Attributes(verb, resource.group, resource.plural, namespace, name if verb != "create" else "")
        return "" if Rbac(self.world.store).allows(self._user, asked) else f'User "{self._user.name}" {asked}'


_Options = Mapping[str, str]
_Program = Callable[[_Actor, _Options], str]


def _program(words: list[str]) -> _Program | None:
    if "create" in words and any(word.startswith("--secret-name=") for word in words):
        return _make_certificate
    if "patch" in words and any(word.startswith("--webhook-name=") for word in words):
        return _fill_in_authority
    return _make_password if "redis-initial-password" in words else None


def _options(words: list[str]) -> _Options:
    pairs = (word.removeprefix("--").partition("=") for word in words if word.startswith("--"))
    return {name: value for name, _, value in pairs}


def _make_certificate(by: _Actor, options: _Options) -> str:
    authority, certificate, key = certificates.pair(options.get("host", "").split(",")[0])
    names = options.get("cert-name", "cert"), options.get("key-name", "key")
    data = {"ca": authority, names[0]: certificate, names[1]: key}
    return _make_secret(by, _CERTGEN, options["secret-name"], data)


def _make_password(by: _Actor, _: _Options) -> str:
    return _make_secret(by, _ARGOCD, _REDIS, {"auth": secrets.token_urlsafe(12).encode()})


def _make_secret(by: _Actor, manager: str, name: str, data: Mapping[str, bytes]) -> str:
    if by.world.get("Secret", by.namespace, name) is not None:
        return ""
    why = by.refused("create", "Secret", by.namespace, name)
    if not why:
        encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
        metadata = {"name": name, "namespace": by.namespace}
        by.world.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded}, manager)
    return why


def _fill_in_authority(by: _Actor, options: _Options) -> str:
    name, secret = options["webhook-name"], options.get("secret-name", "")
    found = by.world.get("Secret", by.namespace, secret)
    if found is None:
        return f'secrets "{secret}" not found'
    wanted = [kind for part, kind in _HOOKS.items() if options.get(f"patch-{part}", "true") != "false"]
    for kind in wanted:
        why = by.refused("update", kind, "", name)
        hooks = by.world.get(kind, "", name)
        if why or hooks is None:
            return why or f'{built_in(kind).name} "{name}" not found'
        by.world.change(hooks, partial(_trust, authority=found["data"]["ca"]), manager=_CERTGEN)
    return ""


def _trust(hooks: Object, authority: str) -> None:
    for hook in hooks.get("webhooks") or ():
        hook["clientConfig"] = {**clone(hook["clientConfig"]), "caBundle": authority}
