"""Tokens of users and of service accounts.

A file holds the users' tokens, like a real API server's --token-auth-file. Service accounts have JSON Web Tokens
(HS256) that this module signs. They name the account that they belong to.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deployments.sandbox.kubernetes.asking import User
from deployments.sandbox.kubernetes.objects import name_of, namespace_of, uid_of
from deployments.sandbox.kubernetes.resources import Object, built_in
from deployments.sandbox.kubernetes.storage import Store, key

ADMINISTRATOR, PLAN, DEPLOYER = "administrator", "flowmart-plan", "flowmart-deployer"

GROUPS: Mapping[str, tuple[str, ...]] = {
    ADMINISTRATOR: ("system:masters",),
    PLAN: ("flowmart:planners",),
    DEPLOYER: ("flowmart:deployers",),
}
"""The users that every cluster has, and their groups.

At first, only the administrator may do anything. The others need roles that are bound to their groups.
"""

ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))

_HEADER = {"alg": "HS256", "typ": "JWT"}


def ensure(file: Path) -> dict[str, str]:
    """Return the tokens of a cluster's users, and the key that signs service accounts' tokens.

    Missing entries are created and saved, readable only by the file's owner.
    """
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    missing = [name for name in (*GROUPS, "signing-key") if name not in known]
    if missing:
        known |= {name: secrets.token_urlsafe(32) for name in missing}
        file.touch(mode=0o600)
        file.write_text(json.dumps(known, indent=2))
    return known


class Tokens:
    """The tokens of one cluster."""

    def __init__(self, file: Path, store: Store) -> None:
        """Read the tokens from `file`. Create it if it does not exist, readable only by its owner."""
        self._store = store
        known = ensure(file)
        self._key = known["signing-key"].encode()
        self._users = {known[name]: User(name, (*groups, "system:authenticated")) for name, groups in GROUPS.items()}

    def of(self, user: str) -> str:
        """Return the token of one of the cluster's users."""
        return next(str(token) for token, known in self._users.items() if known.name == user)

    def user(self, token: str) -> User | None:
        """Return the user of a token, or `None` if it is unknown, expired, or its account no longer exists."""
        if token in self._users:
            return self._users[token]
        claims = self._claims(token)
        if claims is None or claims["exp"] < time.time():
            return None
        account = claims["kubernetes.io"]
        return self._account(account["namespace"], account["serviceaccount"])

    def issue(self, account: Object, seconds: int) -> tuple[str, float]:
        """Issue a token for a service account.

        Args:
            account: The ServiceAccount object.
            seconds: How long the token is valid.

        Returns:
            The token, and its expiry in seconds since the epoch.
        """
        end = time.time() + seconds
        name, namespace = name_of(account), namespace_of(account)
        claims = {
            "iss": "https://kubernetes.default.svc.cluster.local",
            "sub": f"system:serviceaccount:{namespace}:{name}",
            "exp": int(end),
            "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name, "uid": uid_of(account)}},
        }
        body = f"{_encoded(_HEADER)}.{_encoded(claims)}"
        return f"{body}.{self._signature(body)}", end

    def _claims(self, token: str) -> dict[str, Any] | None:
        body, _, signature = token.rpartition(".")
        if body.count(".") != 1 or not hmac.compare_digest(self._signature(body), signature):
            return None
        claims: dict[str, Any] = json.loads(_decoded(body.split(".")[1]))
        return claims

    def _account(self, namespace: str, account: Mapping[str, str]) -> User | None:
        found = self._store.get(key(built_in("ServiceAccount"), namespace, account["name"]))
        if found is None or uid_of(found) != account["uid"]:
            return None
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
        return User(f"system:serviceaccount:{namespace}:{account['name']}", groups, account["uid"])

    def _signature(self, body: str) -> str:
        digest = hmac.new(self._key, body.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
