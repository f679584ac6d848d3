"""Which kinds a cluster serves, asked of a cluster that is a mapping of paths to answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tasks.cluster.discovery import Kinds
from tasks.cluster.objects import Reference
from tasks.domain.errors import FlowmartError, Throttled, Unanswered


def resources(*kinds: str, namespaced: bool = True) -> dict[str, Any]:
    return {"resources": [{"kind": k, "name": f"{k.lower()}s", "namespaced": namespaced} for k in kinds]}


def kinds(answers: Mapping[str, Any]) -> Kinds:
    return Kinds(lambda path: answers.get(path, {}))


def test_a_path_has_a_namespace_only_where_the_kind_lives_in_one() -> None:
    found = kinds({"/api/v1": resources("Secret"), "/apis/x/v1": resources("Wide", namespaced=False)})
    assert found.path(Reference("v1", "Secret", "shop", "a")) == "/api/v1/namespaces/shop/secrets/a"
    assert found.path(Reference("x/v1", "Wide", "shop", "a")) == "/apis/x/v1/wides/a"
    assert found.path(Reference("x/v2", "Wide", "", "a")) is None


def test_the_versions_that_serve_a_kind_come_with_the_most_stable_one_first() -> None:
    names = ("v1beta1", "v2alpha1", "v1", "v2", "v2beta2")
    group = {"versions": [{"groupVersion": f"x/{name}"} for name in names]}
    served = {f"/apis/x/{name}": resources("Thing") for name in names if name != "v1"}
    found = kinds({"/apis/x": group, "/apis/x/v1": resources("Other"), **served})
    assert found.versions(Reference("x/v9", "Thing", "", "a")) == ["x/v2", "x/v2beta2", "x/v1beta1", "x/v2alpha1"]


def test_a_group_that_is_gone_serves_nothing() -> None:
    assert kinds({}).versions(Reference("extensions/v1beta1", "Deployment", "shop", "a")) == []


def test_an_object_of_a_version_that_is_gone_is_found_in_the_most_stable_one_that_is_left() -> None:
    answers = {"/apis/x/v1beta1": resources("Thing")}
    found = kinds(answers)
    old = Reference("x/v1beta1", "Thing", "shop", "a")
    assert found.path(old) == "/apis/x/v1beta1/namespaces/shop/things/a"
    group = {"versions": [{"groupVersion": "x/v1"}, {"groupVersion": "x/v2alpha1"}]}
    answers |= {"/apis/x": group, "/apis/x/v1beta1": {}}
    answers |= {f"/apis/x/{version}": resources("Thing") for version in ("v1", "v2alpha1")}
    served = found.served(old)
    assert served is not None
    assert found.path(served) == "/apis/x/v1/namespaces/shop/things/a"
    assert found.path(old) is None


class Partly(dict[str, Any]):
    """The answers of a cluster in which the service behind one path fails."""

    def __init__(self, error: FlowmartError) -> None:
        groups = [{"versions": [{"groupVersion": name}]} for name in ("metrics/v1", "x/v1")]
        super().__init__({"/api": {"versions": ["v1"]}, "/api/v1": resources("Pod"), "/apis": {"groups": groups}})
        self |= {"/apis/x/v1": resources("Thing")}
        self.error = error

    def ask(self, path: str) -> Mapping[str, Any]:
        if path == "/apis/metrics/v1":
            raise self.error
        return self.get(path, {})


def test_a_listing_passes_over_a_version_whose_service_does_not_respond() -> None:
    found = Kinds(Partly(Unanswered("503")).ask)
    assert [(version, [*kinds]) for version, kinds in found.all()] == [("v1", ["Pod"]), ("x/v1", ["Thing"])]
    with pytest.raises(Unanswered):
        found.path(Reference("metrics/v1", "Some", "shop", "a"))


def test_a_listing_that_is_throttled_is_not_complete() -> None:
    with pytest.raises(Throttled):
        list(Kinds(Partly(Throttled("429")).ask).all())
