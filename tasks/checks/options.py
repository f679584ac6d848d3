"""What may be written under a smoke check in platform.yaml: one model a kind, and for `aws` one a fact.

The same models are used twice: when the manifest is read, where a value may still be a reference such as
`{outputs.port}`, and right before a check runs, when every reference has been replaced. Numbers therefore accept a
reference, and a reference that does not resolve to a number is rejected before the check runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    StringConstraints,
    field_validator,
    model_validator,
)

from tasks.checks.notation import CheckOptions, Count, Limit, Port, Reference, Seconds, Status, Text
from tasks.monitoring import queries


class Http(CheckOptions):
    """GET `url` returns `status`. Redirects are not followed. `timeout` is for one attempt, in seconds."""

    url: Text
    status: Status | Annotated[list[Status], Field(min_length=1)] = 200
    contains: Text | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    timeout: Seconds = 5.0

    @field_validator("url")
    @classmethod
    def _can_be_asked(cls, url: str) -> str:
        if not url.startswith(("http://", "https://", "{outputs.")):
            raise ValueError("should begin with http://, https:// or {outputs.NAME}")
        if "{outputs." not in url:
            # HTTP clients take a port that is too large modulo 65536, and would ask another service.
            asked = urlsplit(url)
            if not asked.hostname or asked.port == 0:
                raise ValueError("should name a host, and a port from 1 to 65535 if any")
            asked.hostname.encode("idna")
        return url

    @property
    def statuses(self) -> tuple[int, ...]:
        """The accepted status codes."""
        return tuple(self.status) if isinstance(self.status, list) else (self.status,)


class Tcp(CheckOptions):
    """A connection to `host`:`port` is accepted. `timeout` is for one attempt, in seconds."""

    host: Text
    port: Port
    timeout: Seconds = 5.0


class Output(CheckOptions):
    """An assertion on an output of the unit: exactly one of `equals`, `matches`, `present`, `at_least`.

    `matches` is a regular expression searched in a string; `at_least` compares a number, or counts the
    entries of a list or map.
    """

    name: Text
    equals: Any = None
    matches: Text | None = None
    present: bool | None = None
    at_least: float | Reference | None = None

    @field_validator("matches")
    @classmethod
    def _compiles(cls, matches: str | None) -> str | None:
        if matches is None:
            return None
        try:
            re.compile(matches)
        except re.error as error:
            raise ValueError(f"is not a regular expression: {error}") from error
        return matches

    @model_validator(mode="after")
    def _asserts_one_thing(self) -> Self:
        assertions = ("equals", "matches", "present", "at_least")
        asserted = [name for name in assertions if getattr(self, name) is not None]
        if len(asserted) != 1:
            found = ", ".join(asserted) or "none of them"
            raise ValueError(f"should have exactly one of equals, matches, present, at_least, not {found}")
        return self


class DatabaseAvailable(CheckOptions):
    """The RDS instance `identifier` is in the state "available"."""

    fact: Literal["database_available"]
    identifier: Text


class TableActive(CheckOptions):
    """The DynamoDB `table` is in the state "ACTIVE"."""

    fact: Literal["table_active"]
    table: Text


class PointInTimeRecovery(CheckOptions):
    """The DynamoDB `table` can be restored to any second of its recovery window."""

    fact: Literal["point_in_time_recovery"]
    table: Text


class HealthyHosts(CheckOptions):
    """At least `at_least` targets of the `target_group` (its ARN) are healthy."""

    fact: Literal["healthy_hosts"]
    target_group: Text
    at_least: Count = 1


class InstancesInService(CheckOptions):
    """At least `at_least` healthy instances of the `autoscaling_group` (its name) are in service."""

    fact: Literal["instances_in_service"]
    autoscaling_group: Text
    at_least: Count = 1


class NatGatewaysAvailable(CheckOptions):
    """At least `at_least` NAT gateways of the `vpc` (its id) are in the state "available"."""

    fact: Literal["nat_gateways_available"]
    vpc: Text
    at_least: Count = 1


class AlarmsQuiet(CheckOptions):
    """At least `at_least` CloudWatch alarms begin with `prefix`, and none of them is in the state "ALARM"."""

    fact: Literal["alarms_quiet"]
    prefix: Text
    at_least: Count = 1


class QueueExists(CheckOptions):
    """The SQS `queue` (its URL) exists."""

    fact: Literal["queue_exists"]
    queue: Text


class StackGood(CheckOptions):
    """The CloudFormation `stack` (its name) was created or updated completely, without a rollback."""

    fact: Literal["stack_good"]
    stack: Text


class ImageAvailable(CheckOptions):
    """The machine `image` (its id) is available, and instances of this account may be started from it."""

    fact: Literal["image_available"]
    image: Text


Fact = (
    DatabaseAvailable
    | TableActive
    | PointInTimeRecovery
    | HealthyHosts
    | InstancesInService
    | NatGatewaysAvailable
    | AlarmsQuiet
    | QueueExists
    | StackGood
    | ImageAvailable
)


class Aws(RootModel[Annotated[Fact, Field(discriminator="fact")]]):
    """A fact read from AWS. The key `fact` chooses it, and with it the other options."""

    model_config = ConfigDict(frozen=True, defer_build=True)


class Script(CheckOptions):
    """A program of the release exits with 0. `path` is below infrastructure/, `timeout` of one attempt in seconds."""

    path: Text
    arguments: list[str] = Field(default_factory=list)
    timeout: Seconds = 30.0

    @field_validator("path")
    @classmethod
    def _stays_inside(cls, path: str) -> str:
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            raise ValueError("should be a path below infrastructure/, such as scripts/smoke/buckets_are_closed.py")
        return path


Workload = Annotated[str, StringConstraints(pattern=r"^(deployment|statefulset|daemonset|job)/[a-z0-9][a-z0-9.-]*$")]


class InNamespace(CheckOptions):
    """Something in a `namespace` of the environment's cluster."""

    namespace: Text


class Rollout(InNamespace):
    """The `workload` ("deployment/cart", or statefulset/, daemonset/, job/) is completely rolled out."""

    workload: Workload


class Endpoints(InNamespace):
    """The `service` has at least `at_least` ready endpoints."""

    service: Text
    at_least: Count = 1


class HelmTest(InNamespace):
    """The tests of the Helm `release` pass (`helm test`). `timeout` is for one attempt, in seconds."""

    release: Text
    timeout: Seconds = 60.0


class ServiceHttp(InNamespace):
    """GET `path` of a `service`, through the API server. `port` is a number or name, `timeout` of one attempt."""

    service: Text
    port: Port | Text = "http"
    path: Annotated[str, StringConstraints(pattern=r"^/")] = "/"
    status: Status = 200
    contains: Text | None = None
    timeout: Seconds = 5.0


class PrometheusFact(CheckOptions):
    """What the environment's Prometheus knows: exactly one of `query`, `scraped`, `rules_loaded`.

    The value of a `query` is `at_most` or `at_least` a limit, in base units or per cent. All targets of the job
    `scraped` are up. The rule group `rules_loaded` is loaded, and its rules can be evaluated. `timeout` is for one
    attempt, in seconds.
    """

    query: Text | None = None
    at_most: Limit | None = None
    at_least: Limit | None = None
    scraped: Text | None = None
    rules_loaded: Text | None = None
    timeout: Seconds = 10.0

    @field_validator("query")
    @classmethod
    def _is_promql(cls, query: str | None) -> str | None:
        if query is not None and "{outputs." not in query and (wrong := queries.fault(query)):
            raise ValueError(wrong)
        return query

    @model_validator(mode="after")
    def _asserts_one_thing(self) -> Self:
        asked = [name for name in ("query", "scraped", "rules_loaded") if getattr(self, name) is not None]
        if len(asked) != 1:
            raise ValueError(
                f"needs exactly one of query, scraped, rules_loaded; found {' and '.join(asked) or 'none'}"
            )
        limited = self.at_most is not None or self.at_least is not None
        if limited != (self.query is not None):
            raise ValueError("at_most and at_least are the limits of a query: a query needs one of them")
        return self


OPTIONS: Mapping[str, type[BaseModel]] = MappingProxyType(
    {
        "http": Http,
        "tcp": Tcp,
        "output": Output,
        "aws": Aws,
        "script": Script,
        "rollout": Rollout,
        "endpoints": Endpoints,
        "service-http": ServiceHttp,
        "helm-test": HelmTest,
        "prometheus": PrometheusFact,
    }
)
"""The kinds of smoke check there are, each with the model of its options."""
