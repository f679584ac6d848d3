"""The real kubectl against the sandbox's cluster: applying, looking, rolling out, going back, deleting."""

from __future__ import annotations

import time

import pytest

from tests.contract.kubernetes.conftest import Console, config, deployment, service


@pytest.fixture
def web(console: Console, namespace: str) -> str:
    """A deployment that is rolled out; returns its namespace."""
    console.apply(deployment(), service(), options=("-n", namespace))
    rolled_out(console, namespace)
    return namespace


def rolled_out(console: Console, namespace: str) -> str:
    return console.kubectl("rollout", "status", "deployment/web", "-n", namespace, "--timeout", "20s")


def test_the_cluster_says_what_it_serves(console: Console) -> None:
    assert "v1.34.0+sandbox" in console.kubectl("version")
    kinds = console.kubectl("api-resources", "-o", "name").split()
    assert {
        "deployments.apps",
        "ingresses.networking.k8s.io",
        "customresourcedefinitions.apiextensions.k8s.io",
    } <= set(kinds)
    assert "KIND:       Deployment" in console.kubectl("explain", "deployment.spec.strategy")


def test_applying_the_same_again_changes_nothing(console: Console, web: str) -> None:
    before = console.get("deployment", "web", "-n", web)["metadata"]["resourceVersion"]
    assert "unchanged" in console.apply(deployment(), options=("-n", web))
    assert console.get("deployment", "web", "-n", web)["metadata"]["resourceVersion"] == before


def test_diff_shows_what_apply_would_change_and_changes_nothing(console: Console, web: str) -> None:
    manifest = console.kubectl("get", "deployment", "web", "-n", web, "-o", "yaml")
    changed = manifest.replace("web:1", "web:2")
    shown = console.answer("kubectl", "diff", "-n", web, "-f", "-", stdin=changed)
    assert shown.code == 1
    assert "-      - image: registry.example/web:1\n+      - image: registry.example/web:2" in shown.out
    again = console.answer("kubectl", "diff", "-n", web, "-f", "-", stdin=manifest)
    assert (again.code, again.out) == (0, "")


def test_a_field_that_is_left_out_of_the_next_apply_goes_away(console: Console, namespace: str) -> None:
    console.apply(config(a="1", b="2"), options=("-n", namespace))
    console.apply(config(a="1"), options=("-n", namespace))
    assert console.get("configmap", "settings", "-n", namespace)["data"] == {"a": "1"}


def test_a_rollout_is_recorded_and_undone(console: Console, web: str) -> None:
    console.kubectl("set", "image", "deployment/web", "web=registry.example/web:2", "-n", web)
    console.kubectl("annotate", "deployment/web", "kubernetes.io/change-cause=two", "-n", web)
    rolled_out(console, web)
    history = console.kubectl("rollout", "history", "deployment/web", "-n", web)
    assert history.split()[-4:] == ["1", "<none>", "2", "two"]
    console.kubectl("rollout", "undo", "deployment/web", "-n", web)
    rolled_out(console, web)
    pods = console.get("pods", "-l", "app=web", "-n", web)["items"]
    running = {pod["spec"]["containers"][0]["image"] for pod in pods if "deletionTimestamp" not in pod["metadata"]}
    assert running == {"registry.example/web:1"}
    history = console.kubectl("rollout", "history", "deployment/web", "-n", web)
    assert "\n1 " not in history
    assert "\n3 " in history


def test_a_rolling_update_to_a_broken_image_keeps_the_good_pods(console: Console, web: str) -> None:
    console.kubectl("set", "image", "deployment/web", "web=registry.example/web:broken-pull-2", "-n", web)
    updated = "jsonpath={.status.updatedReplicas}=1"
    console.kubectl("wait", "deployment/web", "-n", web, "--for", updated, "--timeout", "10s")
    [broken] = [
        rs for rs in console.get("replicasets", "-n", web)["items"] if "broken" in str(rs["spec"]["template"])
    ]
    pods = ("-l", f"pod-template-hash={broken['metadata']['labels']['pod-template-hash']}", "-n", web)
    reason = "jsonpath={.status.containerStatuses[0].state.waiting.reason}=ImagePullBackOff"
    console.kubectl("wait", "pod", *pods, "--for", reason, "--timeout", "10s")
    status = console.get("deployment", "web", "-n", web)["status"]
    assert (status["availableReplicas"], status["updatedReplicas"]) == (2, 1)


def test_scale_is_a_subresource_and_moves_the_pods(console: Console, web: str) -> None:
    console.kubectl("scale", "deployment/web", "--replicas", "4", "-n", web)
    rolled_out(console, web)
    assert console.get("deployment", "web", "-n", web)["status"]["readyReplicas"] == 4
    managers = console.get("deployment", "web", "-n", web)["metadata"]["managedFields"]
    assert {(m["manager"], m.get("subresource")) for m in managers} >= {("kubectl", "scale")}


def test_a_service_has_the_ready_pods_behind_it_and_answers_through_the_proxy(console: Console, web: str) -> None:
    subsets = console.get("endpoints", "web", "-n", web)["subsets"]
    assert len(subsets[0]["addresses"]) == 2
    assert subsets[0]["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
    answer = console.kubectl("get", "--raw", f"/api/v1/namespaces/{web}/services/web:http/proxy/healthz")
    assert '"simulated":true' in answer
    console.kubectl("scale", "deployment/web", "--replicas", "0", "-n", web)
    console.kubectl("wait", "pod", "-l", "app=web", "-n", web, "--for", "delete", "--timeout", "10s")
    refused = console.kubectl("get", "--raw", f"/api/v1/namespaces/{web}/services/web:http/proxy/", fails=True)
    assert 'no endpoints available for service "web"' in refused


def test_tables_have_kubectls_columns(console: Console, web: str) -> None:
    rows = console.kubectl("get", "deployment", "web", "-n", web).splitlines()
    assert rows[0].split() == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert rows[1].split()[:4] == ["web", "2/2", "2", "2"]
    wide = console.kubectl("get", "pods", "-n", web, "-o", "wide").splitlines()
    assert wide[0].split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE"]


def test_describe_shows_events_and_logs_have_lines(console: Console, web: str) -> None:
    described = console.kubectl("describe", "deployment", "web", "-n", web)
    assert "Scaled up replica set" in described
    assert '"msg":"ready"' in console.kubectl("logs", "deployment/web", "-n", web)


def test_deleting_a_deployment_takes_its_pods_along(console: Console, web: str) -> None:
    console.kubectl("delete", "deployment", "web", "-n", web, "--cascade=foreground", "--timeout", "20s")
    assert console.kubectl("get", "replicasets,pods", "-n", web, "-o", "name").split() == []


def test_an_orphaned_replica_set_lives_on(console: Console, web: str) -> None:
    console.kubectl("delete", "deployment", "web", "-n", web, "--cascade=orphan")
    [left] = console.get("replicasets", "-n", web)["items"]
    assert "ownerReferences" not in left["metadata"]
    assert left["status"]["readyReplicas"] == 2


def test_a_namespace_goes_with_everything_in_it(console: Console) -> None:
    console.kubectl("create", "namespace", "short-lived")
    console.apply(deployment(), config(), options=("-n", "short-lived"))
    console.kubectl("delete", "namespace", "short-lived", "--timeout", "20s")
    assert console.kubectl("get", "configmaps,pods,serviceaccounts", "-n", "short-lived", "-o", "name").split() == []


def test_a_finalizer_holds_an_object_until_it_is_taken_away(console: Console, namespace: str) -> None:
    held = config()
    held["metadata"]["finalizers"] = ["demo.example/hold"]
    console.apply(held, options=("-n", namespace))
    console.kubectl("delete", "configmap", "settings", "-n", namespace, "--wait=false")
    assert "deletionTimestamp" in console.get("configmap", "settings", "-n", namespace)["metadata"]
    console.kubectl(
        "patch", "configmap", "settings", "-n", namespace, "--type=merge", "-p", '{"metadata":{"finalizers":[]}}'
    )
    console.kubectl("get", "configmap", "settings", "-n", namespace, fails=True)


def test_what_is_wrong_is_told_with_its_field(console: Console, namespace: str) -> None:
    unknown = deployment()
    unknown["spec"]["replica"] = 3
    assert 'unknown field "spec.replica"' in console.apply(unknown, fails=True, options=("-n", namespace))
    other = deployment()
    other["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    assert "`selector` does not match template `labels`" in console.apply(
        other, fails=True, options=("-n", namespace)
    )
    unnamed = deployment()
    del unnamed["spec"]["template"]["spec"]["containers"][0]["image"]
    refused = console.apply(unnamed, fails=True, options=("-n", namespace))
    assert "spec.template.spec.containers[0].image: Required value" in refused


def test_a_selector_cannot_be_changed(console: Console, web: str) -> None:
    patch = '{"spec":{"selector":{"matchLabels":{"app":"x"}},"template":{"metadata":{"labels":{"app":"x"}}}}}'
    refused = console.kubectl("patch", "deployment", "web", "-n", web, "-p", patch, fails=True)
    assert "field is immutable" in refused


def test_a_quota_refuses_what_is_too_much(console: Console, namespace: str) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "few"},
        "spec": {"hard": {"pods": "1"}},
    }
    console.apply(quota, deployment(), options=("-n", namespace))
    console.kubectl(
        "wait", "deployment/web", "-n", namespace, "--for", "condition=ReplicaFailure", "--timeout", "10s"
    )
    conditions = console.get("deployment", "web", "-n", namespace)["status"]["conditions"]
    [failure] = [c["message"] for c in conditions if c["type"] == "ReplicaFailure"]
    assert "exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1" in failure
    first = failures(console, namespace)
    while len(refusals(console, namespace)) < 3:
        time.sleep(0.1)
    assert failures(console, namespace) == first


def failures(console: Console, namespace: str) -> list[dict[str, str]]:
    """What the status of the namespace's one replica set says of them."""
    [replica_set] = console.get("replicaset", "-n", namespace)["items"]
    return [found for found in replica_set["status"]["conditions"] if found["type"] == "ReplicaFailure"]


def refusals(console: Console, namespace: str) -> list[str]:
    """What the events say of pods that could not be created; each try had a name of its own."""
    events = console.get("events", "-n", namespace)["items"]
    return [event["message"] for event in events if event["reason"] == "FailedCreate"]


def test_what_is_not_emulated_says_so(console: Console, web: str) -> None:
    pod = console.kubectl("get", "pods", "-n", web, "-o", "name").split()[0]
    assert "not emulated" in console.kubectl("exec", pod, "-n", web, "--", "ls", fails=True)
    assert "not emulated" in console.kubectl("get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes", fails=True)
