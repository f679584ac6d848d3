"""Whether all that a release adds fits in the quotas of its namespaces."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.cluster.access import Cluster
from tasks.cluster.errors import NotPermitted
from tasks.cluster.objects import Manifest, Reference, indexed
from tasks.cluster.quotas import exceeded


class Limited(Cluster):
    """A namespace `shop` with one quota."""

    def __init__(self, hard: dict[str, str], used: dict[str, str] | None = None, **spec: Any) -> None:
        super().__init__(None, "dev")
        self._quota = {
            "metadata": {"name": "few"},
            "spec": {"hard": hard, **spec},
            "status": {"hard": hard, "used": used or {}},
        }

    def listed(self, api_version: str, kind: str, namespace: str, **selectors: str) -> list[dict[str, Any]]:
        return [self._quota] if (kind, namespace) == ("ResourceQuota", "shop") else []

    def resource_name(self, about: Reference) -> str:
        return f"{about.kind.lower()}s"


class Closed(Limited):
    """Its quotas may not be read."""

    def listed(self, *_: str, **__: str) -> list[dict[str, Any]]:
        raise NotPermitted("no")


def objects(*items: Manifest) -> dict[Reference, Manifest]:
    return indexed(items, "test")


def item(kind: str, name: str = "a", version: str = "v1", **spec: Any) -> Manifest:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


CLAIM = item("PersistentVolumeClaim", resources={"requests": {"storage": "3Gi"}})
BALANCER = item("Service", type="LoadBalancer", ports=[{"port": 1}, {"port": 2}])


@pytest.mark.parametrize(
    ("hard", "used", "created", "told"),
    [
        ({"secrets": "2"}, {"secrets": "1"}, [item("Secret")], []),
        ({"secrets": "2"}, {"secrets": "1"}, [item("Secret"), item("Secret", "b")], ["allows 2 secrets, 1 are used"]),
        ({"count/deployments.apps": "0"}, {}, [item("Deployment", version="apps/v1")], ["count/deployments.apps"]),
        ({"requests.storage": "5Gi"}, {"requests.storage": "2Gi"}, [CLAIM], []),
        ({"requests.storage": "5Gi"}, {"requests.storage": "2.5Gi"}, [CLAIM], ["allows 5Gi requests.storage"]),
        ({"services.nodeports": "1"}, {}, [BALANCER], ["the release adds 2"]),
        ({"services.loadbalancers": "0"}, {}, [BALANCER], ["services.loadbalancers"]),
        ({"secrets": "0"}, {}, [item("ConfigMap")], []),
    ],
)
def test_a_quota_counts_what_the_server_counts(
    hard: dict[str, str], used: dict[str, str], created: list[Manifest], told: list[str]
) -> None:
    found = exceeded(Limited(hard, used), objects(*created), {})
    assert len(found) == len(told)
    assert all(part in sentence for part, sentence in zip(told, found, strict=True))


def test_a_quota_for_certain_pods_does_not_count() -> None:
    assert exceeded(Limited({"pods": "0"}, scopes=["BestEffort"]), objects(item("Pod")), {}) == []


def test_a_quota_that_the_release_changes_is_taken_as_it_will_be() -> None:
    wider = objects({**item("ResourceQuota", "few"), "spec": {"hard": {"secrets": "1"}}})
    assert exceeded(Limited({"secrets": "0"}), objects(item("Secret")), wider) == []


def test_a_quota_that_may_not_be_read_stops_nothing() -> None:
    assert exceeded(Closed({"secrets": "0"}), objects(item("Secret")), {}) == []
