"""Check the shape of a body of each kind, as far as this engine reads it; the server validates the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tasks.domain.errors import InvalidInput
from tasks.engines.elasticsearch.addresses import COMPONENT, ILM, ISM, PIPELINE, TEMPLATE

Parts = dict[str, Any]
Placeholder = Annotated[str, Field(pattern=r"^\$\{")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="allow")


class _Template(_Body):
    settings: Parts | None = None
    mappings: Parts | None = None
    aliases: dict[str, Parts | None] | None = None
    lifecycle: Parts | None = None


class _Component(_Body):
    template: _Template


class _Index(_Body):
    index_patterns: str | list[str]
    composed_of: list[str] | None = None
    ignore_missing_component_templates: list[str] | None = None
    priority: int | Placeholder | None = None
    data_stream: Parts | None = None
    template: _Template | None = None


class _Pipeline(_Body):
    processors: list[Parts]
    on_failure: list[Parts] | None = None


class _Phase(_Body):
    actions: dict[str, Parts | None] | None = None


class _Ilm(_Body):
    phases: dict[str, _Phase | None]


class _State(_Body):
    actions: list[Parts] | None = None
    transitions: list[Parts] | None = None


class _Ism(_Body):
    states: list[_State]
    ism_template: Parts | list[Parts] | None = None


_SHAPES: Mapping[str, type[_Body]] = {
    COMPONENT: _Component,
    TEMPLATE: _Index,
    PIPELINE: _Pipeline,
    ILM: _Ilm,
    ISM: _Ism,
}


def require(kind: str, body: Any, what: str) -> None:
    """Raise `InvalidInput` if a body does not have the shape of its kind; `what` names the file and the object."""
    within = body.get("policy", body) if kind in (ILM, ISM) and isinstance(body, Mapping) else body
    try:
        _SHAPES[kind].model_validate(within)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or kind.replace("-", " ")
        raise InvalidInput(f"{what}: {place}: {first['msg'][:1].lower()}{first['msg'][1:]}") from error
