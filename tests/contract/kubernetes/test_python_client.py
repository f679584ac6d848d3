"""The official Python client: typed, dynamic, watching, applying."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client, config, dynamic, watch
from kubernetes.client.exceptions import ApiException

from tests.contract.kubernetes.conftest import Console, deployment
from tests.contract.kubernetes.conftest import config as config_map


@pytest.fixture
def api(console: Console) -> Iterator[client.ApiClient]:
    made = config.new_client_from_config(str(console.kubeconfig))
    yield made
    made.close()


@pytest.fixture
def core(api: client.ApiClient) -> client.CoreV1Api:
    return client.CoreV1Api(api)


def test_typed_objects_go_there_and_come_back(api: client.ApiClient, core: client.CoreV1Api, namespace: str) -> None:
    made = core.create_namespaced_config_map(namespace, config_map(a="1"))
    assert made.metadata.uid
    patched = core.patch_namespaced_config_map("settings", namespace, {"data": {"b": "2"}})
    assert patched.data == {"a": "1", "b": "2"}
    apps = client.AppsV1Api(api)
    apps.create_namespaced_deployment(namespace, deployment())
    assert apps.read_namespaced_deployment("web", namespace).spec.strategy.rolling_update.max_surge == "25%"


def test_a_stale_object_is_refused(core: client.CoreV1Api, namespace: str) -> None:
    stale = core.create_namespaced_config_map(namespace, config_map(a="1"))
    core.patch_namespaced_config_map("settings", namespace, {"data": {"a": "2"}})
    with pytest.raises(ApiException) as refused:
        core.replace_namespaced_config_map("settings", namespace, stale)
    assert (refused.value.status, json.loads(refused.value.body)["reason"]) == (409, "Conflict")


def test_a_watch_tells_what_there_is_and_what_happens(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_config_map(namespace, config_map("one"))
    selector = "metadata.name!=kube-root-ca.crt"
    told = []
    watching = watch.Watch()
    for event in watching.stream(
        core.list_namespaced_config_map, namespace, field_selector=selector, timeout_seconds=20
    ):
        told.append((event["type"], event["object"].metadata.name))
        if told[-1] == ("ADDED", "one"):
            core.patch_namespaced_config_map("one", namespace, {"data": {"a": "1"}})
        if told[-1] == ("MODIFIED", "one"):
            core.delete_namespaced_config_map("one", namespace)
        if told[-1][0] == "DELETED":
            watching.stop()
    assert told == [("ADDED", "one"), ("MODIFIED", "one"), ("DELETED", "one")]


def test_a_watch_sees_what_comes_into_its_selection_and_goes_out_of_it(
    core: client.CoreV1Api, namespace: str
) -> None:
    since = core.list_namespaced_config_map(namespace).metadata.resource_version
    core.create_namespaced_config_map(namespace, config_map())
    for label in ("yes", "no"):
        core.patch_namespaced_config_map("settings", namespace, {"metadata": {"labels": {"picked": label}}})
    stream = watch.Watch().stream(
        core.list_namespaced_config_map,
        namespace,
        label_selector="picked=yes",
        resource_version=since,
        timeout_seconds=1,
    )
    assert [event["type"] for event in stream] == ["ADDED", "DELETED"]


def test_a_watch_can_begin_with_what_there_is_closed_by_a_bookmark(core: client.CoreV1Api, namespace: str) -> None:
    answer = core.list_namespaced_service_account(
        namespace,
        watch=True,
        send_initial_events=True,
        resource_version_match="NotOlderThan",
        allow_watch_bookmarks=True,
        timeout_seconds=1,
        _preload_content=False,
    )
    events = [json.loads(line) for line in answer.data.decode().splitlines()]
    assert [event["type"] for event in events] == ["ADDED", "BOOKMARK"]
    assert events[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_long_list_comes_in_pages(core: client.CoreV1Api, namespace: str) -> None:
    for name in ("a", "b", "c"):
        core.create_namespaced_config_map(namespace, config_map(name))
    first = core.list_namespaced_config_map(namespace, limit=2)
    assert [item.metadata.name for item in first.items] == ["a", "b"]
    assert first.metadata.remaining_item_count == 2
    second = core.list_namespaced_config_map(namespace, limit=2, _continue=first.metadata._continue)
    assert [item.metadata.name for item in second.items] == ["c", "kube-root-ca.crt"]


def test_the_dynamic_client_applies_and_is_told_about_conflicts(api: client.ApiClient, namespace: str) -> None:
    kinds = dynamic.DynamicClient(api).resources
    maps = kinds.get(api_version="v1", kind="ConfigMap")
    applied = maps.server_side_apply(config_map(a="1"), namespace=namespace, field_manager="ours")
    assert applied.data.to_dict() == {"a": "1"}
    with pytest.raises(ApiException) as refused:
        maps.server_side_apply(config_map(a="2"), namespace=namespace, field_manager="theirs")
    status = json.loads(refused.value.body)
    assert status["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "ours"', "field": ".data.a"}
    ]


def test_a_dry_run_of_a_deletion_deletes_nothing(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_config_map(namespace, config_map())
    core.delete_namespaced_config_map("settings", namespace, dry_run="All")
    assert core.read_namespaced_config_map("settings", namespace).metadata.name == "settings"


def test_a_custom_resource_is_served_once_its_definition_is(
    api: client.ApiClient, console: Console, namespace: str
) -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"spec": {"type": "object", "required": ["size"]}}}
    schema["properties"]["spec"]["properties"] = {"size": {"type": "integer", "minimum": 1}}
    names = {"plural": "shelves", "kind": "Shelf"}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    spec = {"group": "test.example", "scope": "Namespaced", "names": names, "versions": [version]}
    crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec}
    console.apply(crd | {"metadata": {"name": "shelves.test.example"}})
    console.kubectl("wait", "crd/shelves.test.example", "--for", "condition=Established", "--timeout", "10s")
    custom = client.CustomObjectsApi(api)
    made = {"apiVersion": "test.example/v1", "kind": "Shelf", "metadata": {"name": "a"}, "spec": {"size": 2, "x": 1}}
    stored = custom.create_namespaced_custom_object("test.example", "v1", namespace, "shelves", made)
    assert stored["spec"] == {"size": 2}
    with pytest.raises(ApiException, match="should be greater than or equal to 1"):
        custom.patch_namespaced_custom_object("test.example", "v1", namespace, "shelves", "a", {"spec": {"size": 0}})
    console.kubectl("delete", "crd", "shelves.test.example")
    with pytest.raises(ApiException, match="404"):
        custom.list_namespaced_custom_object("test.example", "v1", namespace, "shelves")
