"""What may be written in `analysis`, for units and environments: the shape of every key."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from tasks.checks.notation import percentage
from tasks.manifest.notation import Declared, Duration, Identifier, Slug, Text, Wait

Limit = Annotated[float, BeforeValidator(percentage, json_schema_input_type=float | str)]


class DeclaredCompare(Declared):
    """A limit from the past."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, populate_by_name=True)

    of: Literal["before", "week"] = Field(
        alias="with", description="before: the windows right before the apply. week: the same hours a week earlier."
    )
    times: float = Field(gt=0, description="Bad beyond so many times the median of these windows.")


class DeclaredLogs(Declared):
    """What is counted in a log that an Elasticsearch or an OpenSearch keeps."""

    stream: Text = Field(default="logs-*", description="Streams or indices, with wildcards.")
    service: Text | None = Field(default=None, description="`service.name` of the documents.")
    filter: dict[str, Any] | None = Field(
        default=None, description="Any query in place of `service`, as the API takes it."
    )
    level: Literal["warning", "error", "critical"] = Field(
        default="error", description="Documents of this level and worse are counted."
    )
    level_field: Text = Field(default="log.level", description="Where the level is; a keyword.")
    new_kinds: Literal["ignore", "inconclusive", "fail"] = Field(
        default="inconclusive", description="What a kind of error comes to that was never seen before the apply."
    )
    kind_field: Text = Field(default="error.type", description="Where the kind of an error is; a keyword.")

    @model_validator(mode="after")
    def _says_whose(self) -> Self:
        if (self.service is None) == (self.filter is None):
            raise ValueError("needs exactly one of service and filter")
        return self


class DeclaredMetric(Declared):
    """One thing that is measured in every window: `bad` and `total`, a `query`, `alerts`, or `logs`."""

    name: Slug = Field(description="What the metric is called in reports; once in an analysis.")
    bad: Text | None = Field(default=None, description="Bad events; with `total`. Absent counts as 0.")
    total: Text | None = Field(default=None, description="All events; with `bad`. Absent is unknown.")
    query: Text | None = Field(default=None, description="Gives the value. {window} is the length of a window.")
    alerts: dict[Identifier, Text] | None = Field(
        default=None, description="Labels of alerts, such as {severity: critical}; the value is how many fire."
    )
    logs: DeclaredLogs | None = Field(default=None, description="What is counted in a log.")
    min_documents: int = Field(
        default=1, ge=0, strict=True, description="With fewer documents of any level in the log, it is unknown."
    )
    at_most: Limit | None = Field(default=None, description="Good up to here: base units, or per cent.")
    at_least: Limit | None = Field(default=None, description="Good down to here: base units, or per cent.")
    fail_above: Limit | None = Field(default=None, description="Bad above; between is doubtful. As `at_most`.")
    fail_below: Limit | None = Field(default=None, description="Bad below; between is doubtful. As `at_least`.")
    min_events: float = Field(default=0.0, ge=0, description="With less `total`, the value is unknown.")
    compare: DeclaredCompare | None = Field(default=None, description="Also bad beyond the usual.")
    tolerate: int = Field(default=1, ge=0, strict=True, description="Windows that may be anything but good.")
    no_data: Literal["inconclusive", "pass", "fail"] = Field(
        default="inconclusive", description="What a window without data counts as."
    )
    environments: tuple[Slug, ...] = Field(
        default=(), description="Where the metric is asked. None: wherever the analysis is."
    )

    @model_validator(mode="after")
    def _measures_one_thing(self) -> Self:
        if (self.bad is None) != (self.total is None):
            raise ValueError("needs bad and total together")
        ways = [name for name in ("total", "query", "alerts", "logs") if getattr(self, name) is not None]
        if len(ways) != 1:
            raise ValueError(
                f"needs exactly one of bad with total, query, alerts, logs; found {' and '.join(ways) or 'none'}"
            )
        if self.logs is None and "min_documents" in self.model_fields_set:
            raise ValueError("has min_documents and no logs: write min_events")
        return self

    @model_validator(mode="after")
    def _has_limits(self) -> Self:
        if self.alerts is None and self.at_most is None and self.at_least is None:
            raise ValueError("has no limit: add at_most or at_least")
        for good, bad, right in (("at_most", "fail_above", 1), ("at_least", "fail_below", -1)):
            limits = getattr(self, good), getattr(self, bad)
            if limits[1] is not None and (limits[0] is None or (limits[1] - limits[0]) * right < 0):
                raise ValueError(f"{bad} must be beyond {good}: what is good cannot be bad")
        return self


class DeclaredAnalysis(Declared):
    """What metrics must show for a while after an apply."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, populate_by_name=True)

    metrics: tuple[DeclaredMetric, ...] = Field(min_length=1, description="What is measured.")
    length: Duration = Field(default=1800.0, alias="for", description="How long; a multiple of `window`.")
    window: Duration = Field(default=300.0, description="One measurement; at least 4 scrapes.")
    delay: Wait = Field(default=0.0, description="How long after the apply the first window begins.")
    lag: Wait = Field(default=60.0, description="How late samples may arrive.")
    timeout: Duration = Field(default=10.0, description="Of one query.")
    patience: Wait = Field(default=900.0, description="How long after the end silent windows are asked again.")
    decide_within: Duration = Field(default=7200.0, description="How long people may take over doubtful values.")
    blocks: bool = Field(default=False, strict=True, description="Whether units that need this one wait for it.")

    @model_validator(mode="before")
    @classmethod
    def _names_are_single(cls, written: Any) -> Any:
        metrics = written.get("metrics") if isinstance(written, dict) else None
        names = [each.get("name") for each in metrics if isinstance(each, dict)] if isinstance(metrics, list) else []
        twice = sorted({str(name) for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"has several metrics called {', '.join(twice)}: give each its own name")
        return written

    @model_validator(mode="after")
    def _is_a_multiple(self) -> Self:
        count = self.length / self.window
        if count != round(count):
            raise ValueError(f"for is {self.length:g}s, which is not a multiple of a window of {self.window:g}s")
        return self
