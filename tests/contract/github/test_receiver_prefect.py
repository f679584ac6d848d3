"""Flow runs of the receiver, at a real Prefect server."""

import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from deployments.github.runs import PrefectRuns
from tasks.domain.errors import InvalidInput, NotFound, Refused, Unanswered
from tests.servers import prefect_api

SCHEMA = {
    "type": "object",
    "properties": {"number": {"type": "integer"}, "sha": {"type": "string"}},
    "required": ["number", "sha"],
}


@pytest.fixture
def api(prefect_address: str) -> Iterator[str]:
    with temporary_settings({PREFECT_API_URL: prefect_address}):
        yield prefect_address


@pytest.fixture
def deployment(api: str) -> str:
    """A deployment that nobody works for; its name."""
    flow = f"receiver-{uuid.uuid4().hex[:8]}"
    made = posted(api, "/flows/", {"name": flow})
    about = {"name": "flowmart", "flow_id": made["id"], "parameter_openapi_schema": SCHEMA}
    posted(api, "/deployments/", about | {"enforce_parameter_schema": True})
    return f"{flow}/flowmart"


def posted(api: str, path: str, body: dict[str, Any]) -> Any:
    """What Prefect answers."""
    with prefect_api.opened(api) as client:
        return prefect_api.asked(client, "POST", path, body)


def started(deployment: str, parameters: dict[str, Any], key: str) -> str:
    """The run's id; asked for again without an answer, as the dispatcher does."""
    runs = PrefectRuns()
    for _ in range(20):
        try:
            return runs.start(deployment, parameters, key)
        except Unanswered:
            time.sleep(0.5)
    return runs.start(deployment, parameters, key)


def runs_of(api: str, deployment: str) -> list[dict[str, object]]:
    asked = {"flows": {"name": {"any_": [deployment.split("/")[0]]}}}
    found: list[dict[str, object]] = posted(api, "/flow_runs/filter", asked)
    return found


def test_a_key_has_one_run_however_often_it_is_started(api: str, deployment: str) -> None:
    key = str(uuid.uuid4())
    ids = {started(deployment, {"number": 7, "sha": "abc"}, key) for _ in range(3)}
    (run,) = runs_of(api, deployment)
    assert ids == {run["id"]}
    assert (run["parameters"], run["tags"]) == ({"number": 7, "sha": "abc"}, ["github"])


def test_a_missing_deployment_is_found_once_somebody_makes_it(api: str) -> None:
    with pytest.raises(NotFound, match="has no deployment not-there/flowmart"):
        started("not-there/flowmart", {}, "key")


def test_parameters_that_the_deployment_does_not_take_are_refused(api: str, deployment: str) -> None:
    with pytest.raises(Refused, match="409"):
        started(deployment, {"number": "seven", "sha": "abc"}, str(uuid.uuid4()))
    assert runs_of(api, deployment) == []


def test_a_server_that_is_not_there_gives_no_answer() -> None:
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        with pytest.raises(Unanswered, match=r"Prefect at http://127\.0\.0\.1:9/api"):
            PrefectRuns().start("any/flowmart", {}, "key")


def test_without_a_server_s_address_it_does_not_begin() -> None:
    with temporary_settings({PREFECT_API_URL: None}):
        with pytest.raises(InvalidInput, match="PREFECT_API_URL is not set"):
            PrefectRuns()
