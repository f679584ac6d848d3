"""Reading what Go clients send as protobuf. The bytes were made by hand from the field numbers of generated.proto."""

from __future__ import annotations

import pytest

from deployments.sandbox.kubernetes import protobuf
from deployments.sandbox.kubernetes.status import ApiError


def field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2, len(value)]) + value


def envelope(api_version: str, kind: str, raw: bytes) -> bytes:
    meta = field(1, api_version.encode()) + field(2, kind.encode())
    return b"k8s\x00" + field(1, meta) + field(2, raw)


def test_a_secret_as_helm_sends_it() -> None:
    label = field(11, field(1, b"owner") + field(2, b"helm"))
    metadata = field(1, b"sh.helm.release.v1.web.v1") + field(2, b"") + field(8, b"") + label
    raw = field(1, metadata) + field(2, field(1, b"release") + field(2, b"H4sI")) + field(3, b"helm.sh/release.v1")
    assert protobuf.decode(envelope("v1", "Secret", raw)) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "sh.helm.release.v1.web.v1", "labels": {"owner": "helm"}},
        "data": {"release": "SDRzSQ=="},
        "type": "helm.sh/release.v1",
    }


def test_numbers_and_nested_messages() -> None:
    preconditions = field(2, field(1, b"a-uid"))
    raw = bytes([1 << 3, 30]) + preconditions + field(4, b"Background")
    assert protobuf.decode(envelope("v1", "DeleteOptions", raw)) == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "gracePeriodSeconds": 30,
        "preconditions": {"uid": "a-uid"},
        "propagationPolicy": "Background",
    }


@pytest.mark.parametrize(
    "body",
    [b"{}", envelope("v1", "Widget", b""), envelope("v1", "ConfigMap", field(9, b"something"))],
    ids=["no magic", "unknown kind", "unknown field"],
)
def test_what_cannot_be_read_is_refused_and_never_dropped(body: bytes) -> None:
    with pytest.raises(ApiError) as refused:
        protobuf.decode(body)
    assert refused.value.code == 415
