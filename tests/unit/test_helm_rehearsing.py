"""What of a new release exists already, and what its chart's definitions serve."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.cluster.access import Cluster
from tasks.cluster.errors import NotPermitted
from tasks.cluster.objects import Reference
from tasks.domain.errors import Refused
from tasks.engines.helm import hooks
from tasks.engines.helm.capabilities import missing
from tasks.engines.helm.charts import Installation
from tasks.engines.helm.rehearsing import require_free

CART = Reference("v1", "ConfigMap", "shop", "cart")
CLOSED = Reference("v1", "Secret", "shop", "closed")
OWNER = {"meta.helm.sh/release-name": "other", "meta.helm.sh/release-namespace": "back"}


class Partly(Cluster):
    """Has `cart`; Secrets may not be read, and custom kinds are unknown."""

    def __init__(self, **metadata: Any) -> None:
        super().__init__(None, "dev")
        self._metadata = metadata

    def read(self, about: Reference) -> dict[str, Any] | None:
        if about.kind == "Secret":
            raise NotPermitted("no")
        return {"metadata": {"name": "cart", **self._metadata}} if about == CART else None

    def knows(self, about: Reference) -> bool:
        return False


def require(cluster: Cluster, *objects: Reference) -> None:
    require_free(cluster, Installation("cart", "shop", {}), objects)


def test_what_may_not_be_read_rejects_nothing() -> None:
    require(Partly(), CLOSED)


def test_an_object_of_another_release_is_rejected_with_its_owner() -> None:
    with pytest.raises(
        Refused, match=r"belongs to release back/other; .* and the annotations .*name=cart and .*=shop$"
    ):
        require(Partly(labels={"app.kubernetes.io/managed-by": "Helm"}, annotations=OWNER), CLOSED, CART)


def test_an_object_without_a_release_is_rejected() -> None:
    with pytest.raises(Refused, match="belongs to no release"):
        require(Partly(), CART)


def test_what_helm_leaves_is_named_and_what_may_not_be_read_as_that() -> None:
    assert hooks.existing(Partly(), [CART, Reference("v1", "ConfigMap", "shop", "gone"), CLOSED]) == [
        "ConfigMap/shop/cart",
        "Secret/shop/closed (if it exists: it may not be read here)",
    ]


@pytest.mark.parametrize("versions", [[{"served": True}], ["v1"], None])
def test_a_definition_with_malformed_versions_does_not_end_the_plan(versions: Any) -> None:
    spec = {"group": "x", "names": {"kind": "Thing"}, "versions": versions}
    about = Reference("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "things.x")
    assert [*missing(Partly(), {about: {"kind": about.kind, "spec": spec}})] == [about]
