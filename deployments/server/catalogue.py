"""Parses prefect.yaml into the deployments and queues that a platform needs.

The file holds one template per flow. A template with `{environment}` yields a deployment for each environment of
platform.yaml, so that nothing about an environment is written twice. A template with `{work_pool}` yields a
deployment for each work pool that an environment names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import available_timezones

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    field_validator,
    model_validator,
)

from tasks import yaml12
from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Environment, Platform

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")

_REHEARSAL = "rehearsed_every"
"""A placeholder that limits a template to environments with rehearsals."""

_NEVER = "never"
"""The interval that stands for no schedule."""

_FIRST, _APART, _HOUR = 3, 7, 60
"""Start minutes of schedules: the first environment's, and the offset of each further one.

Prefect's schedules have no jitter, and nothing should start on the full hour. Seven and sixty share no factor.
"""


@dataclass(frozen=True)
class Queue:
    """A work queue. `limit` is the number of its concurrent runs; `priority` 1 comes first."""

    name: str
    limit: int
    priority: int


@dataclass(frozen=True)
class Schedule:
    """When Prefect starts a deployment: by `cron`, or at an interval from `begins` minutes past an hour."""

    cron: str = ""
    every: timedelta | None = None
    begins: int = 0
    timezone: str = "UTC"
    active: bool = True


@dataclass(frozen=True)
class Declared:
    """One deployment. `environment` is set if it serves a single environment.

    `pool` is the work pool of its runs; empty for the platform's own.
    """

    name: str
    entrypoint: str
    description: str
    queue: str
    tags: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    schedules: tuple[Schedule, ...] = ()
    pool: str = ""

    @property
    def environment(self) -> str | None:
        """The fixed environment; None if the form offers a choice."""
        return self.parameters.get("environment")

    @property
    def flow(self) -> str:
        """The name of its flow's function, which decides what its form offers."""
        return self.entrypoint.rpartition(":")[2]


class _Schedule(BaseModel):
    model_config = ConfigDict(extra="forbid")
    cron: str = ""
    interval: PositiveFloat | Literal["never"] | None = None
    timezone: str = "UTC"
    active: bool = True

    @model_validator(mode="after")
    def _one_of_two(self) -> _Schedule:
        if bool(self.cron) == bool(self.interval):
            raise ValueError("write either cron or interval")
        return self

    @field_validator("cron")
    @classmethod
    def _of_prefect(cls, cron: str) -> str:
        # Imported here because the import takes a second and few files have a cron.
        from prefect.client.schemas.schedules import CronSchedule

        try:
            return CronSchedule(cron=cron).cron if cron else cron
        except ValueError as error:
            message = (
                f'{cron!r} is no schedule: write minute, hour, day, month and weekday, such as "30 6 * * mon-fri"'
            )
            raise ValueError(message) from error

    @field_validator("timezone")
    @classmethod
    def _of_iana(cls, timezone: str) -> str:
        if timezone not in available_timezones():
            raise ValueError(f"{timezone!r} is not a time zone: write one of the IANA list, such as Europe/Vienna")
        return timezone


class _Entry(BaseModel):
    class Pool(BaseModel):
        name: str
        work_queue_name: str

    model_config = ConfigDict(extra="forbid")
    name: str
    entrypoint: str
    description: str
    work_pool: Pool
    tags: tuple[str, ...] = ()
    parameters: dict[str, Any] = {}
    schedules: tuple[_Schedule, ...] = ()


class _Queue(BaseModel):
    limit: PositiveInt
    priority: PositiveInt


class _File(BaseModel):
    class Definitions(BaseModel):
        queues: dict[str, _Queue]

    definitions: Definitions
    deployments: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Catalogue:
    """The deployments and queues of a platform.

    Queues belong to the work pool named after the platform. So do all deployments except those of units.
    """

    platform: str
    deployments: tuple[Declared, ...]
    queues: tuple[Queue, ...]

    @property
    def pools(self) -> tuple[str, ...]:
        """The work pools that run units."""
        return tuple(dict.fromkeys(one.pool for one in self.deployments if one.pool))


def load(file: Path, platform: Platform) -> Catalogue:
    """Read prefect.yaml and fill in its templates for a platform.

    Args:
        file: the path of prefect.yaml.
        platform: provides the environments and work pools.

    Returns:
        The deployments and queues, including one queue per environment that runs one flow at a time.

    Raises:
        InvalidInput: the file cannot be read, or an entry is invalid; the message names the entry.
    """
    content = _read(file)
    names = [environment.name for environment in platform.environments]
    _refuse_ambiguous_queues(file, names, content.definitions.queues)
    own = tuple(Queue(name, 1, 1) for name in names)
    others = tuple(Queue(name, queue.limit, queue.priority) for name, queue in content.definitions.queues.items())
    found = tuple(_declared(file, place, each, platform) for place, each in _filled(file, content, platform))
    _refuse_unknown_queues(file, found, {queue.name for queue in (*own, *others)})
    return Catalogue(platform.name, found, (*own, *others))


def _read(file: Path) -> _File:
    try:
        return _File.model_validate(yaml12.load(file.read_text()))
    except OSError as error:
        raise InvalidInput(f"{file}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise InvalidInput(f"{file}: {error}") from error
    except ValidationError as error:
        raise InvalidInput(f"{file}: {_told(error)}") from error


def _told(error: ValidationError, *before: object) -> str:
    return "; ".join(f"{'.'.join(map(str, (*before, *e['loc'])))}: {e['msg']}" for e in error.errors())


def _filled(file: Path, content: _File, platform: Platform) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield each filled-in entry with its index in the file."""
    for place, template in enumerate(content.deployments):
        if "work_pool" in _placeholders(template):
            for pool in platform.work_pools:
                yield place, _fill(file, place, template, {"platform": platform.name, "work_pool": pool})
            continue
        if "environment" not in _placeholders(template):
            yield place, _fill(file, place, template, {"platform": platform.name})
            continue
        for environment in platform.environments:
            if _REHEARSAL in _placeholders(template) and environment.rehearsal is None:
                continue
            yield place, _fill(file, place, template, _about(platform, environment))


def _about(platform: Platform, environment: Environment) -> dict[str, str]:
    """Return the values of a template's placeholders for an environment."""
    every = environment.rehearsal.every if environment.rehearsal else None
    return {
        "platform": platform.name,
        "environment": environment.name,
        "drift_every": f"{environment.drift_every:g}",
        _REHEARSAL: f"{every:g}" if every else _NEVER,
    }


def _placeholders(value: Any) -> set[str]:
    if isinstance(value, str):
        return set(_PLACEHOLDER.findall(value))
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return {name for item in items for name in _placeholders(item)}


def _fill(file: Path, place: int, value: Any, about: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        unknown = sorted(set(_PLACEHOLDER.findall(value)) - about.keys())
        if unknown:
            known = ", ".join(f"{{{name}}}" for name in about)
            raise InvalidInput(f"{file}: deployments.{place}: {{{unknown[0]}}} stands for nothing here; use {known}")
        return _PLACEHOLDER.sub(lambda found: about[found[1]], value)
    if isinstance(value, Mapping):
        return {name: _fill(file, place, item, about) for name, item in value.items()}
    return [_fill(file, place, item, about) for item in value] if isinstance(value, list) else value


def _declared(file: Path, place: int, filled: Mapping[str, Any], platform: Platform) -> Declared:
    try:
        entry = _Entry.model_validate(filled)
    except ValidationError as error:
        raise InvalidInput(f"{file}: {_told(error, 'deployments', place)}") from error
    pool = entry.work_pool.name
    if pool not in (platform.name, *platform.work_pools):
        raise InvalidInput(f"{file}: deployments.{place}.work_pool.name: write {{platform}}, as the worker does")
    return Declared(
        name=entry.name,
        entrypoint=entry.entrypoint,
        description=entry.description.strip(),
        queue=entry.work_pool.work_queue_name,
        tags=tuple(dict.fromkeys(entry.tags)),
        parameters=entry.parameters,
        schedules=tuple(
            _schedule(each, entry, platform.environments) for each in entry.schedules if each.interval != _NEVER
        ),
        pool="" if pool == platform.name else pool,
    )


def _schedule(written: _Schedule, entry: _Entry, environments: Sequence[Environment]) -> Schedule:
    names = [environment.name for environment in environments]
    here = entry.parameters.get("environment")
    begins = (_FIRST + _APART * names.index(here)) % _HOUR if here in names else _FIRST
    every = timedelta(seconds=float(written.interval)) if written.interval else None
    return Schedule(written.cron, every, begins, written.timezone, written.active)


def _refuse_ambiguous_queues(file: Path, environments: Sequence[str], queues: Mapping[str, _Queue]) -> None:
    for name in environments:
        if name in queues:
            raise InvalidInput(f"{file}: definitions.queues.{name}: an environment has that name; rename the queue")


def _refuse_unknown_queues(file: Path, deployments: Sequence[Declared], known: set[str]) -> None:
    for one in deployments:
        if not one.pool and one.queue not in known:
            raise InvalidInput(
                f"{file}: {one.entrypoint} ({one.name}): queue {one.queue} is neither an environment nor in "
                f"definitions.queues; there are {', '.join(sorted(known))}"
            )
