"""Kubernetes objects as plain mappings: names, order, and what of them may be seen."""

from __future__ import annotations

import pytest

from tasks.cluster.objects import Reference, indexed, parsed, reference, sent, shown
from tasks.domain.errors import InvalidInput
from tasks.domain.values import MASK

STREAM = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart}
---
# nothing but a comment
---
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: other}, data: {day: 2026-11-23, sign: =}}
  - {apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
apiVersion: shop.example/v1
kind: Voucher
metadata: {name: ten}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: vouchers.shop.example}
"""


def test_a_stream_is_read_in_the_order_of_applying() -> None:
    assert [str(about) for about in parsed(STREAM, "it", "shop")] == [
        "Namespace/shop",
        "CustomResourceDefinition/vouchers.shop.example",
        "ConfigMap/other/settings",
        "Deployment/shop/cart",
        "Voucher.shop.example/shop/ten",
    ]


def test_dates_and_signs_stay_text_as_they_do_for_helm() -> None:
    found = {str(about): manifest for about, manifest in parsed(STREAM, "it").items()}
    assert found["ConfigMap/other/settings"]["data"] == {"day": "2026-11-23", "sign": "="}


def test_a_reference_names_object_and_type() -> None:
    about = reference({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "cart"}}, "shop")
    assert about == Reference("apps/v1", "Deployment", "shop", "cart")
    assert (str(about), about.type) == ("Deployment/shop/cart", "apps/v1/Deployment")


def test_an_object_is_the_same_in_every_version_of_its_group() -> None:
    assert Reference("shop.example/v1", "Voucher", "a", "b") == Reference("shop.example/v2", "Voucher", "a", "b")
    assert Reference("shop.example/v1", "Voucher", "a", "b") != Reference("other.example/v1", "Voucher", "a", "b")


@pytest.mark.parametrize(
    ("api_version", "address"),
    [
        ("v1", "Voucher/shop/ten"),
        ("apps/v1", "Voucher/shop/ten"),
        ("networking.k8s.io/v1", "Voucher/shop/ten"),
        ("shop.example/v1", "Voucher.shop.example/shop/ten"),
    ],
)
def test_kinds_of_others_are_named_with_their_group(api_version: str, address: str) -> None:
    assert str(Reference(api_version, "Voucher", "shop", "ten")) == address


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "chart x: is not valid YAML"),
        ("just text", "chart x: holds 'just text', which is not a Kubernetes object; remove it"),
        ("- a", "chart x: holds .*, which is not a Kubernetes object"),
        ("kind: ConfigMap", r"chart x: ConfigMap \(with kind\) has no apiVersion and no metadata.name; add it"),
        ("apiVersion: v1\nkind: Job\nmetadata: {name: }", "has no metadata.name; add it"),
        ("apiVersion: v1\nmetadata: {name: a}", r"chart x: a \(with apiVersion, metadata\) has no kind; add it"),
        ("apiVersion: v1\nkind: Job\nmetadata: {generateName: a-}", "chart x: Job has generateName a-: .*; name it"),
    ],
)
def test_what_is_no_object_is_told_with_its_origin(text: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        parsed(text, "chart x")


def test_documents_that_are_nothing_are_left_out() -> None:
    assert indexed([None, {"kind": "List", "items": None}], "it") == {}


@pytest.mark.parametrize(
    "text",
    [
        "{apiVersion: v1, kind: ConfigMapList, items: [{metadata: {name: a}}]}",
        "{apiVersion: v1, kind: ConfigMapList, metadata: {}, items: [{kind: ConfigMap, metadata: {name: a}}]}",
        "{kind: List, items: [{kind: List, items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}]}]}",
    ],
)
def test_a_list_stands_for_the_objects_in_it(text: str) -> None:
    found = parsed(text, "it", "shop")
    assert found == {
        Reference("v1", "ConfigMap", "shop", "a"): {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "a"},
        }
    }


def test_a_custom_kind_that_is_called_a_list_is_an_object() -> None:
    text = "{apiVersion: shop.example/v1, kind: AllowList, metadata: {name: a}, items: [x]}"
    assert [str(about) for about in parsed(text, "it")] == ["AllowList.shop.example/a"]


def test_status_and_what_the_server_adds_is_not_shown() -> None:
    live = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "cart",
            "uid": "1",
            "resourceVersion": "2",
            "managedFields": [],
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "team": "shop"},
        },
        "spec": {"type": "ClusterIP"},
        "status": {"loadBalancer": {}},
    }
    assert shown(live) == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "cart", "annotations": {"team": "shop"}},
        "spec": {"type": "ClusterIP"},
    }


def test_the_data_of_a_secret_is_masked_and_its_keys_are_shown() -> None:
    secret = {"kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "c2VjcmV0"}, "stringData": {"b": "secret"}}
    assert shown(secret) == {**secret, "data": {"a": MASK}, "stringData": {"b": MASK}}


def test_the_string_data_of_a_secret_is_sent_as_data() -> None:
    secret = {
        "kind": "Secret",
        "metadata": {"name": "s"},
        "data": {"a": "eA=="},
        "stringData": {"b": "y"},
        "status": 1,
    }
    assert sent(secret) == {"kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "eA==", "b": "eQ=="}}
