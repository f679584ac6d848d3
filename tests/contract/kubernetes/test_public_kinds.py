"""What public charts need of a cluster: kinds in older versions, API services, and programs that make Secrets."""

from __future__ import annotations

import base64
import json

from tests.contract.kubernetes.conftest import Console, deployment

RIGHTS = {"apiVersion": "rbac.authorization.k8s.io/v1"}


def test_an_autoscaler_of_v1_is_the_same_object_in_v2(console: Console, namespace: str) -> None:
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "maxReplicas": 4,
        "targetCPUUtilizationPercentage": 70,
    }
    older = {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"}}
    where = ("-n", namespace, "--server-side")
    console.apply({**older, "spec": spec}, options=where)
    kept = console.get("horizontalpodautoscalers.v2.autoscaling", "web", "-n", namespace)
    assert kept["spec"]["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 70}
    console.apply({**older, "spec": {**spec, "targetCPUUtilizationPercentage": 50}}, options=where)
    console.kubectl(
        "patch",
        "horizontalpodautoscalers.v1.autoscaling",
        "web",
        "-n",
        namespace,
        "--type=merge",
        "-p",
        '{"spec":{"maxReplicas":5}}',
    )
    shown = console.get("horizontalpodautoscalers.v1.autoscaling", "web", "-n", namespace)
    assert (shown["spec"]["targetCPUUtilizationPercentage"], shown["spec"]["maxReplicas"]) == (50, 5)
    assert shown["metadata"]["uid"] == kept["metadata"]["uid"]
    assert "50%" in console.kubectl("get", "horizontalpodautoscalers.v1.autoscaling", "-n", namespace)


def test_v1_has_no_metrics(console: Console, namespace: str) -> None:
    older = {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    wrong = {**older, "spec": {"scaleTargetRef": target, "maxReplicas": 4, "metrics": []}}
    refused = console.apply(wrong, options=("-n", namespace, "--validate=strict"), fails=True)
    assert "spec.metrics" in refused


def test_events_are_served_in_both_groups(console: Console, namespace: str) -> None:
    console.apply(deployment(), options=("-n", namespace))
    console.kubectl("rollout", "status", "deployment/web", "-n", namespace, "--timeout=60s")
    notes = console.kubectl("get", "events.events.k8s.io", "-n", namespace)
    assert "Scaled up replica set" in notes


def test_an_api_service_is_available_once_its_service_has_endpoints(console: Console, namespace: str) -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}
    ports = [{"port": 443, "targetPort": 8080}]
    name = f"v1.{namespace}.example"
    spec = {
        "group": f"{namespace}.example",
        "version": "v1",
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "insecureSkipTLSVerify": True,
        "service": {"namespace": namespace, "name": "web"},
    }
    registered = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": name}}
    console.apply({**registered, "spec": spec})
    waiting = ("wait", "apiservice", name, "--timeout=60s")
    console.kubectl(*waiting, "--for=condition=Available=False")
    console.apply(
        deployment(), {**service, "spec": {"selector": {"app": "web"}, "ports": ports}}, options=("-n", namespace)
    )
    console.kubectl(*waiting, "--for=condition=Available")
    console.kubectl("delete", "apiservice", name)


def test_strategy_recreate_brings_up_the_new_pods_once_the_old_ones_are_gone(
    console: Console, namespace: str
) -> None:
    wanted = deployment(replicas=1, strategy={"type": "Recreate"})
    console.apply(wanted, options=("-n", namespace))
    status = ("rollout", "status", "deployment/web", "-n", namespace, "--timeout=60s")
    console.kubectl(*status)
    console.kubectl("set", "image", "deployment/web", "*=registry.example/web:2", "-n", namespace)
    console.kubectl(*status)


def _generator(namespace: str, *arguments: str) -> dict[str, object]:
    """A Job that runs kube-webhook-certgen, as public charts have it."""
    container = {
        "name": "create",
        "image": "registry.example/kube-webhook-certgen:1",
        "args": [*arguments, "--namespace=$(POD_NAMESPACE)", "--secret-name=admission"],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    secure = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    pod = {"restartPolicy": "Never", "serviceAccountName": "generator", "securityContext": secure}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": arguments[0], "namespace": namespace},
        "spec": {"backoffLimit": 0, "template": {"spec": {**pod, "containers": [container]}}},
    }


def _may(namespace: str, name: str, *rules: dict[str, list[str]]) -> list[dict[str, object]]:
    """The service account `generator` with these rights, everywhere."""
    role = {**RIGHTS, "kind": "ClusterRole", "metadata": {"name": name}, "rules": list(rules)}
    subject = {"kind": "ServiceAccount", "name": "generator", "namespace": namespace}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    binding = {**RIGHTS, "kind": "ClusterRoleBinding", "metadata": {"name": name}}
    return [role, {**binding, "subjects": [subject], "roleRef": reference}]


def test_a_certificate_generator_makes_its_secret_and_fills_in_the_authority(
    console: Console, namespace: str
) -> None:
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "generator", "namespace": namespace},
    }
    hook = {
        "name": "check.web.example",
        "clientConfig": {"service": {"namespace": namespace, "name": "web"}},
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "rules": [],
    }
    hooks = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": namespace},
        "webhooks": [hook],
    }
    writing = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "create"]}
    patching = {
        "apiGroups": ["admissionregistration.k8s.io"],
        "resources": ["validatingwebhookconfigurations"],
        "verbs": ["get", "update"],
    }
    console.apply(account, hooks, *_may(namespace, namespace, writing, patching))
    for job in (
        _generator(namespace, "create", "--host=web"),
        _generator(namespace, "patch", f"--webhook-name={namespace}", "--patch-mutating=false"),
    ):
        console.apply(job)
        console.kubectl(
            "wait", f"job/{job['metadata']['name']}", "-n", namespace, "--for=condition=Complete", "--timeout=60s"
        )  # type: ignore[index]
    secret = console.get("secret", "admission", "-n", namespace)
    assert sorted(secret["data"]) == ["ca", "cert", "key"]
    found = console.get("validatingwebhookconfiguration", namespace)
    bundle = found["webhooks"][0]["clientConfig"]["caBundle"]
    assert bundle == secret["data"]["ca"]
    assert base64.b64decode(bundle).startswith(b"-----BEGIN CERTIFICATE-----")
    console.kubectl("delete", "validatingwebhookconfiguration,clusterrole,clusterrolebinding", namespace)


def test_a_certificate_generator_without_rights_fails_and_says_why(console: Console, namespace: str) -> None:
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "generator", "namespace": namespace},
    }
    console.apply(account, _generator(namespace, "create", "--host=web"))
    console.kubectl("wait", "job/create", "-n", namespace, "--for=condition=Failed", "--timeout=60s")
    pods = json.loads(console.kubectl("get", "pods", "-n", namespace, "-o", "json"))["items"]
    ended = pods[0]["status"]["containerStatuses"][0]["state"]["terminated"]
    assert 'cannot create resource "secrets"' in ended["message"]


def test_a_claim_of_a_class_that_waits_is_bound_once_a_pod_uses_it(console: Console, namespace: str) -> None:
    kind = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": namespace}}
    console.apply({**kind, "provisioner": "example.com/disk", "volumeBindingMode": "WaitForFirstConsumer"})
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}}
    where = ("-n", namespace)
    console.apply({**claim, "spec": {**spec, "storageClassName": namespace}}, options=where)
    console.kubectl("wait", "pvc/data", *where, "--for=jsonpath={.status.phase}=Pending", "--timeout=30s")
    waiting = (
        "wait",
        "event",
        *where,
        "--field-selector=reason=WaitForFirstConsumer",
        "--for=create",
        "--timeout=30s",
    )
    console.kubectl(*waiting)
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    pod = {"containers": [{"name": "main", "image": "shop/web:1.0.0"}], "volumes": volumes}
    console.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": pod}, options=where)
    console.kubectl("wait", "pvc/data", *where, "--for=jsonpath={.status.phase}=Bound", "--timeout=30s")
    console.kubectl("delete", "storageclass", namespace)
