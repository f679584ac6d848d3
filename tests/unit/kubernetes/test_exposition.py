from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from deployments.sandbox.kubernetes.controllers.exposition import metrics_of
from deployments.sandbox.kubernetes.resources import Object

STARTED = datetime(2030, 1, 1, tzinfo=UTC)


def pod(tag: str) -> Object:
    status = {"containerStatuses": [{"state": {"running": {"startedAt": "2030-01-01T00:00:00Z"}}}]}
    return {"spec": {"containers": [{"name": "cart", "image": f"registry/cart:{tag}"}]}, "status": status}


def samples(tag: str, seconds: float) -> dict[str, float]:
    text = metrics_of(pod(tag), STARTED.timestamp() + seconds).decode()
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {" ".join([each.name, *each.labels.values()]): each.value for each in found}


def test_requests_are_counted_since_the_container_started() -> None:
    assert samples("1.0.0", 0)["http_requests_total 200"] == 0
    assert samples("1.0.0", 60)["http_requests_total 200"] == 1200
    assert samples("1.0.0", 60)["http_request_duration_seconds_count"] == 1200


def test_a_service_that_never_failed_has_no_series_of_failures() -> None:
    assert "http_requests_total 500" not in samples("1.0.0", 3600)


def test_eight_per_cent_of_the_requests_fail_where_the_image_says_so() -> None:
    found = samples("broken-errors-2.1.0", 60)
    assert found["http_requests_total 500"] == pytest.approx(96)
    assert found["http_requests_total 200"] == pytest.approx(1104)
