"""What may be declared under a smoke check, and what is a mistake."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from pydantic import ValidationError

from tasks.checks import running
from tasks.checks.options import OPTIONS
from tasks.domain.platform import Check

RIGHT: list[tuple[str, dict[str, Any]]] = [
    ("http", {"url": "https://shop.example/health"}),
    ("http", {"url": "{outputs.url}/health", "status": [200, 301], "contains": "ok", "headers": {"Host": "shop"}}),
    ("tcp", {"host": "{outputs.host}", "port": "{outputs.port}"}),
    ("output", {"name": "vpc_id", "matches": "^vpc-"}),
    ("output", {"name": "subnets", "at_least": 3}),
    ("output", {"name": "multi_az", "equals": False}),
    ("output", {"name": "old", "present": False}),
    ("aws", {"fact": "database_available", "identifier": "flowmart-dev"}),
    ("aws", {"fact": "table_active", "table": "carts"}),
    ("aws", {"fact": "point_in_time_recovery", "table": "{outputs.table}"}),
    ("aws", {"fact": "healthy_hosts", "target_group": "arn:x", "at_least": "{outputs.wanted}"}),
    ("aws", {"fact": "instances_in_service", "autoscaling_group": "flowmart-dev", "at_least": 0}),
    ("aws", {"fact": "nat_gateways_available", "vpc": "vpc-1", "at_least": 3}),
    ("aws", {"fact": "alarms_quiet", "prefix": "flowmart-dev"}),
    ("aws", {"fact": "queue_exists", "queue": "{outputs.OrdersUrl}"}),
    ("aws", {"fact": "stack_good", "stack": "flowmart-dev-orders"}),
    ("script", {"path": "scripts/smoke/x.py", "arguments": ["{outputs.table}"], "timeout": 5}),
]

WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("http", {"url": "shop.example"}, "should begin with http://"),
    ("http", {"url": "http:///health"}, "should name a host"),
    ("http", {"url": "http://x:0/"}, "should name a host, and a port from 1"),
    ("http", {"url": "http://x:65536/"}, "Port out of range 0-65535"),
    ("http", {"url": "http://x:web/"}, "Port could not be cast to integer value"),
    ("http", {"url": "http://x", "status": 42}, "greater than or equal to 100"),
    ("http", {"url": "http://x", "status": []}, "at least 1 item"),
    ("http", {"url": "http://x", "code": 200}, "Extra inputs are not permitted"),
    ("http", {"url": "http://x", "timeout": 0}, "greater than 0"),
    ("tcp", {"host": "x", "port": 70000}, "less than or equal to 65535"),
    ("tcp", {"host": "x", "port": "http"}, "valid integer"),
    ("tcp", {"host": "x"}, "Field required"),
    ("output", {"name": "x"}, "should have exactly one of equals, matches, present, at_least, not none"),
    ("output", {"name": "x", "equals": 1, "at_least": 1}, "not equals, at_least"),
    ("output", {"name": "x", "matches": "("}, "not a regular expression"),
    ("aws", {"fact": "moon_full"}, "does not match any of the expected tags"),
    ("aws", {"fact": "table_active", "identifier": "x"}, "Extra inputs are not permitted"),
    ("aws", {"identifier": "x"}, "Unable to extract tag"),
    ("aws", {"fact": "healthy_hosts", "target_group": "x", "at_least": -1}, "greater than or equal to 0"),
    ("script", {"path": "/bin/true"}, "a path below infrastructure/"),
    ("script", {"path": "scripts/../../x"}, "a path below infrastructure/"),
    ("script", {"path": "x", "timeout": 601}, "less than or equal to 600"),
]


@pytest.mark.parametrize(("kind", "options"), RIGHT)
def test_right_options_survive_being_read_twice(kind: str, options: dict[str, Any]) -> None:
    once = OPTIONS[kind].model_validate(options).model_dump()
    assert OPTIONS[kind].model_validate(once).model_dump() == once
    assert options.items() <= once.items()


@pytest.mark.parametrize("options", [options for kind, options in RIGHT if kind == "aws"])
def test_every_fact_names_the_aws_service_that_it_is_read_from(options: dict[str, Any]) -> None:
    (service,) = running.services([Check("a check", "aws", options), Check("another", "tcp", {})])
    assert service in boto3.Session().get_available_services()


@pytest.mark.parametrize(("kind", "options", "message"), WRONG)
def test_wrong_options_say_what_would_be_right(kind: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        OPTIONS[kind].model_validate(options)
