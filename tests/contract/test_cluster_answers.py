"""A cluster answers to manifests that are wrong, or oddly written, as a real API server did (`tests.answers`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import answers
from tests.answers import Asked
from tests.servers import clusters

CASES = answers.cases()
RECORDED = answers.recorded()
_GIVEN = ("clusterIP", "clusterIPs", "nodePort")
"""What each cluster chooses for itself."""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    cluster = clusters.started(tmp_path_factory.mktemp("cluster"))
    cluster.kubectl("apply", "-f", "-", input=answers.before())
    cluster.kubectl("wait", "crd/things.answers.example", "--for=condition=Established", "--timeout=30s")
    for namespace in ("baseline", "restricted"):
        account = ("serviceaccount/default", "-n", namespace)
        cluster.kubectl("wait", *account, "--for=create", "--timeout=30s")
    yield Asked(cluster.kubeconfig, "dev-admin")
    cluster.stop()


def test_every_case_is_recorded() -> None:
    assert set(CASES) == set(RECORDED)


@pytest.mark.parametrize("name", [name for name, answer in RECORDED.items() if answer["status"] != 200])
def test_what_is_wrong_is_refused_in_the_same_way(asked: Asked, name: str) -> None:
    found, right = asked.answer(CASES[name]), RECORDED[name]
    assert [found.get(part) for part in ("status", "reason", "fields")] == [
        right[part] for part in ("status", "reason", "fields")
    ], found
    # Without a reason the message is all there is to go by; of Pod Security it is what a person needs.
    told = right["reason"] in ("", "Forbidden")
    assert not told or found["message"] == right["message"]


@pytest.mark.parametrize("name", [name for name, answer in RECORDED.items() if answer["status"] == 200])
def test_what_is_written_oddly_is_stored_in_the_same_way(asked: Asked, name: str) -> None:
    found, right = asked.answer(CASES[name]), RECORDED[name]
    assert (found["status"], found.get("warnings")) == (200, right["warnings"]), found
    assert _without_chosen(found["stored"]) == _without_chosen(right["stored"])


def _without_chosen(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_chosen(item) for key, item in value.items() if key not in _GIVEN}
    return [_without_chosen(item) for item in value] if isinstance(value, list) else value
