"""Merges and validates the servers that a platform and its environments declare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from tasks.domain.servers import Secret
from tasks.manifest import placeholders
from tasks.manifest.declared.servers import DeclaredAuth, DeclaredSecret, DeclaredTls
from tasks.manifest.mistakes import Key, Mistake
from tasks.manifest.notation import Declared

Layer = TypeVar("Layer", bound=Declared)


def merged(*layers: Layer | None) -> Layer | None:
    """Merge the layers by key; later layers override earlier ones. Return None if all are None."""
    known = [layer for layer in layers if layer is not None]
    if not known:
        return None
    keys = {name: getattr(layer, name) for layer in known for name in layer.model_fields_set}
    return type(known[0]).model_construct(_fields_set={*keys}, **keys)


def mistakes(declared: Any, key: Key, about: Mapping[str, Any]) -> Iterator[Mistake]:
    """Report the mistakes in a merged server. `about` are the known placeholders."""
    if declared.url is None:
        yield Mistake((*key, "url"), f"is missing: add it here, or to `{key[0]}` of the platform")
    written = declared.model_dump(exclude_unset=True)
    yield from (mistake.below(key) for mistake in placeholders.mistakes(written, about))


def authentication(auth: DeclaredAuth | None, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return a server's fields for authentication, with placeholders filled in."""
    if auth is None:
        return {}
    return {
        "username": str(placeholders.fill(auth.basic.username, about)) if auth.basic else "",
        "password": secret(auth.basic.password if auth.basic else None, about),
        "bearer": secret(auth.bearer, about),
        "sigv4": auth.sigv4.region if auth.sigv4 else "",
    }


def tls(declared: DeclaredTls | None, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return a server's fields for TLS files, with placeholders filled in."""
    return {name: str(placeholders.fill(path or "", about)) for name, path in declared or DeclaredTls()}


def secret(declared: DeclaredSecret | None, about: Mapping[str, Any]) -> Secret | None:
    """Return the source of a secret; None if none is declared."""
    if declared is None:
        return None
    return Secret(declared.variable or "", str(placeholders.fill(declared.file or "", about)))
