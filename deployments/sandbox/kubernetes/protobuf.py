"""Read the few messages that clients send as protobuf, whatever the server prefers.

Go clients with typed objects (helm's release storage, `kubectl auth can-i`, `kubectl create token`) write
`application/vnd.kubernetes.protobuf`: four bytes `k8s\\0`, then a runtime.Unknown with the type and the raw object.
Field numbers come from the generated.proto files of k8s.io/api and k8s.io/apimachinery. Responses are always JSON.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from deployments.sandbox.kubernetes.objects import timestamp
from deployments.sandbox.kubernetes.resources import Object
from deployments.sandbox.kubernetes.status import ApiError, unsupported_media_type

TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"

Reader = Callable[[Any], Any]


def decode(body: bytes) -> Object:
    """Decode the object in a request's body.

    Raises:
        ApiError: 415 if the body is not such a message, or if its kind or one of its fields is unknown here.
    """
    if not body.startswith(_MAGIC):
        raise unsupported_media_type(f"{TYPE} without its first four bytes", ("application/json",))
    envelope = dict(_fields(body[4:]))
    meta = {number: value.decode() for number, value in _fields(envelope.get(1, b""))}
    api_version, kind = meta.get(1, ""), meta.get(2, "")
    if kind not in _MESSAGES:
        what = f"{TYPE} with a {kind}, which the sandbox cluster does not read: use kubectl apply instead"
        raise unsupported_media_type(what, ("application/json", "application/yaml"))
    return {"apiVersion": api_version, "kind": kind, **_message(kind)(envelope.get(2, b""))}


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, position = _varint(data, position)
            yield number, value
        elif wire == 2:
            length, position = _varint(data, position)
            yield number, data[position : position + length]
            position += length
        else:
            raise unsupported_media_type(f"{TYPE} with wire type {wire}", ("application/json",))


def _varint(data: bytes, position: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        byte = data[position]
        position += 1
        result |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return result, position


def _is_empty(value: Any) -> bool:
    """Tell whether a field is empty: zero, or a message whose fields are all empty."""
    if isinstance(value, int):
        return not value
    try:
        return all(_is_empty(below) for _, below in _fields(value))
    except (ApiError, IndexError):
        return False


def _text(value: bytes) -> str:
    return value.decode()


def _integer(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _time(value: bytes) -> str | None:
    seconds = dict(_fields(value)).get(1)
    return timestamp(seconds) if seconds else None


def _message_text(value: bytes) -> str:
    """Read a message that wraps one string: a quantity."""
    return _text(dict(_fields(value)).get(1, b""))


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _message(name: str) -> Reader:
    def read(data: bytes) -> Object:
        result: Object = {}
        for number, value in _fields(data):
            field = _MESSAGES[name].get(number)
            if field is not None:
                _set(result, field, value)
            elif not _is_empty(value):
                # An unknown field with a value is rejected, because dropping it would be worse. Go also writes empty
                # fields.
                raise unsupported_media_type(f"{TYPE} with field {number} of a {name}", ("application/json",))
        return result

    return read


def _set(result: Object, field: tuple[str, str, Reader], value: Any) -> None:
    name, form, reader = field
    if form == "map":
        pair = dict(_fields(value))
        result.setdefault(name, {})[_text(pair.get(1, b""))] = reader(pair.get(2, b""))
    elif form == "list":
        result.setdefault(name, []).append(reader(value))
    else:
        read = reader(value)
        # Go writes an empty string for a field that JSON leaves out.
        if read not in ("", None):
            result[name] = read


def _one(name: str, reader: Reader = _text) -> tuple[str, str, Reader]:
    return name, "one", reader


def _many(name: str, reader: Reader = _text) -> tuple[str, str, Reader]:
    return name, "list", reader


def _map(name: str, reader: Reader = _text) -> tuple[str, str, Reader]:
    return name, "map", reader


_METADATA = _one("metadata", _message("ObjectMeta"))

_MESSAGES: Mapping[str, Mapping[int, tuple[str, str, Reader]]] = {
    "ObjectMeta": {
        1: _one("name"),
        2: _one("generateName"),
        3: _one("namespace"),
        5: _one("uid"),
        6: _one("resourceVersion"),
        8: _one("creationTimestamp", _time),
        11: _map("labels"),
        12: _map("annotations"),
        13: _many("ownerReferences", _message("OwnerReference")),
        14: _many("finalizers"),
    },
    "OwnerReference": {
        1: _one("kind"),
        3: _one("name"),
        4: _one("uid"),
        5: _one("apiVersion"),
        6: _one("controller", bool),
        7: _one("blockOwnerDeletion", bool),
    },
    "Secret": {
        1: _METADATA,
        2: _map("data", _base64),
        3: _one("type"),
        4: _map("stringData"),
        5: _one("immutable", bool),
    },
    "ConfigMap": {1: _METADATA, 2: _map("data"), 3: _map("binaryData", _base64), 4: _one("immutable", bool)},
    "Namespace": {1: _METADATA},
    "Role": {1: _METADATA, 2: _many("rules", _message("PolicyRule"))},
    "ClusterRole": {1: _METADATA, 2: _many("rules", _message("PolicyRule"))},
    "PolicyRule": {
        1: _many("verbs"),
        2: _many("apiGroups"),
        3: _many("resources"),
        4: _many("resourceNames"),
        5: _many("nonResourceURLs"),
    },
    "RoleBinding": {1: _METADATA, 2: _many("subjects", _message("Subject")), 3: _one("roleRef", _message("RoleRef"))},
    "ClusterRoleBinding": {
        1: _METADATA,
        2: _many("subjects", _message("Subject")),
        3: _one("roleRef", _message("RoleRef")),
    },
    "Subject": {1: _one("kind"), 2: _one("apiGroup"), 3: _one("name"), 4: _one("namespace")},
    "RoleRef": {1: _one("apiGroup"), 2: _one("kind"), 3: _one("name")},
    "ResourceQuota": {1: _METADATA, 2: _one("spec", _message("ResourceQuotaSpec"))},
    "ResourceQuotaSpec": {1: _map("hard", _message_text), 2: _many("scopes")},
    "PriorityClass": {
        1: _METADATA,
        2: _one("value", _integer),
        3: _one("globalDefault", bool),
        4: _one("description"),
        5: _one("preemptionPolicy"),
    },
    "ServiceAccount": {1: _METADATA},
    "DeleteOptions": {
        1: _one("gracePeriodSeconds", _integer),
        2: _one("preconditions", _message("Preconditions")),
        3: _one("orphanDependents", bool),
        4: _one("propagationPolicy"),
        5: _many("dryRun"),
    },
    "Preconditions": {1: _one("uid"), 2: _one("resourceVersion")},
    "Eviction": {1: _METADATA, 2: _one("deleteOptions", _message("DeleteOptions"))},
    "SelfSubjectAccessReview": {1: _METADATA, 2: _one("spec", _message("SelfSubjectAccessReviewSpec"))},
    "SelfSubjectAccessReviewSpec": {
        1: _one("resourceAttributes", _message("ResourceAttributes")),
        2: _one("nonResourceAttributes", _message("NonResourceAttributes")),
    },
    "ResourceAttributes": {
        1: _one("namespace"),
        2: _one("verb"),
        3: _one("group"),
        4: _one("version"),
        5: _one("resource"),
        6: _one("subresource"),
        7: _one("name"),
    },
    "NonResourceAttributes": {1: _one("path"), 2: _one("verb")},
    "SelfSubjectRulesReview": {1: _METADATA, 2: _one("spec", _message("SelfSubjectRulesReviewSpec"))},
    "SelfSubjectRulesReviewSpec": {1: _one("namespace")},
    "SelfSubjectReview": {1: _METADATA},
    "TokenRequest": {1: _METADATA, 2: _one("spec", _message("TokenRequestSpec"))},
    "TokenRequestSpec": {1: _many("audiences"), 4: _one("expirationSeconds", _integer)},
    "Scale": {1: _METADATA, 2: _one("spec", _message("ScaleSpec"))},
    "ScaleSpec": {1: _one("replicas", _integer)},
}
