"""prefect.yaml as data: which deployments and queues there are to be for a platform.

The file is Prefect's own, so `prefect deploy --all` reads it too; `definitions.queues` is ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, PositiveInt, ValidationError

from tasks.domain.errors import InvalidInput


@dataclass(frozen=True)
class Queue:
    """A work queue: how many of its runs may go on at once, and its priority (1 comes first)."""

    name: str
    limit: int
    priority: int


@dataclass(frozen=True)
class Declared:
    """One deployment of prefect.yaml. `environment` is the one that it is for, when it is for one alone."""

    name: str
    entrypoint: str
    description: str
    queue: str
    tags: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    schedules: tuple[Mapping[str, Any], ...] = ()

    @property
    def environment(self) -> str | None:
        """The environment that is given, and not chosen in the form."""
        return self.parameters.get("environment")

    @property
    def flow(self) -> str:
        """The name of its flow's function, by which forms are told apart."""
        return self.entrypoint.rpartition(":")[2]


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
    schedules: tuple[dict[str, Any], ...] = ()


class _Queue(BaseModel):
    limit: PositiveInt
    priority: PositiveInt


class _File(BaseModel):
    class Definitions(BaseModel):
        queues: dict[str, _Queue]

    definitions: Definitions
    deployments: tuple[_Entry, ...]


@dataclass(frozen=True)
class Catalogue:
    """What prefect.yaml declares for a platform with these environments, in promotion order."""

    deployments: tuple[Declared, ...]
    queues: tuple[Queue, ...]
    missing: tuple[str, ...]
    """Environments of the platform that no `promote` is declared for."""


def load(file: Path, environments: Sequence[str]) -> Catalogue:
    """Read prefect.yaml; `InvalidInput` names the entry that is wrong."""
    content = _read(file)
    found = [_declared(entry) for entry in content.deployments]
    here = tuple(one for one in found if one.environment is None or one.environment in environments)
    promoted = {one.environment for one in here if one.flow == "promote"}
    own = tuple(Queue(name, 1, 1) for name in environments)
    others = tuple(Queue(name, queue.limit, queue.priority) for name, queue in content.definitions.queues.items())
    _refuse_unknown_queues(file, here, {queue.name for queue in (*own, *others)})
    return Catalogue(here, (*own, *others), tuple(name for name in environments if name not in promoted))


def _read(file: Path) -> _File:
    try:
        return _File.model_validate(yaml.safe_load(file.read_text()))
    except OSError as error:
        raise InvalidInput(f"{file}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise InvalidInput(f"{file}: {error}") from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise InvalidInput(f"{file}: {wrong}") from error


def _declared(entry: _Entry) -> Declared:
    return Declared(
        name=entry.name,
        entrypoint=entry.entrypoint,
        description=entry.description.strip(),
        queue=entry.work_pool.work_queue_name,
        tags=entry.tags,
        parameters=entry.parameters,
        schedules=entry.schedules,
    )


def _refuse_unknown_queues(file: Path, deployments: Sequence[Declared], known: set[str]) -> None:
    for one in deployments:
        if one.queue not in known:
            raise InvalidInput(
                f"{file}: {one.entrypoint} ({one.name}): queue {one.queue} is neither an environment nor in "
                f"definitions.queues; there are {', '.join(sorted(known))}"
            )
