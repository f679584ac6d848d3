"""The planned values of a resource: the configuration, completed with defaults and unknown values. Pure.

Terraform has already merged the configuration with the prior state ("proposed new state"). This module adds what the
provider knows, and finds the changes that force a replacement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deployments.sandbox.aws_provider.declare import NO_DEFAULT, BlockField, Field, Shape
from deployments.sandbox.aws_provider.values import UNKNOWN, Values, freeze, is_known, is_off


def fill(shape: Shape, config: Values, proposed: Values, prior: Values | None) -> Values:
    """The planned values: `proposed`, with defaults and unknown values for what the configuration does not set."""
    planned = dict(proposed)
    for name, spec in shape.fields.items():
        planned[name] = _fill_field(spec, config.get(name), proposed.get(name), (prior or {}).get(name), prior)
    for name, block in shape.blocks.items():
        planned[name] = _fill_block(block, config.get(name), proposed.get(name), (prior or {}).get(name))
    return planned


def _fill_field(spec: Field, config: Any, proposed: Any, prior: Any, existing: Values | None) -> Any:
    if config is None and spec.arg.default is not NO_DEFAULT:
        return spec.arg.default
    if config is None and spec.computed and existing is None:
        return UNKNOWN
    if config is not None and prior is not None and same(spec, prior, proposed):
        return prior
    return proposed


def _fill_block(block: BlockField, config: Any, proposed: Any, prior: Any) -> Any:
    if config is UNKNOWN or block.nesting == "single":
        return proposed
    if block.nesting == "set":
        return [fill(block.shape, element, element, None) for element in config or []]
    earlier = [*(prior or []), *[None] * len(config or [])]
    return [
        fill(block.shape, element, element_proposed, element_prior)
        for element, element_proposed, element_prior in zip(config or [], proposed or [], earlier, strict=False)
    ]


def same(spec: Field, one: Any, other: Any) -> bool:
    """Whether two values of an attribute mean the same. A partly unknown value differs from every other."""
    if not (is_known(one) and is_known(other)):
        return one is UNKNOWN and other is UNKNOWN
    return bool(spec.canonical(one) == spec.canonical(other))


def changed(shape: Shape, prior: Values, planned: Values) -> frozenset[str]:
    """The top-level attributes and blocks that will differ."""
    fields = {n for n, spec in shape.fields.items() if not same(spec, prior.get(n), planned.get(n))}
    blocks = {n for n in shape.blocks if freeze(prior.get(n)) != freeze(planned.get(n))}
    return frozenset(fields | blocks)


def replacing(shape: Shape, prior: Values, planned: Values) -> list[str]:
    """The top-level attributes and blocks whose change forces a replacement."""
    names = sorted(changed(shape, prior, planned))
    return [name for name in names if _replaces(shape, name, prior.get(name), planned.get(name))]


def _replaces(shape: Shape, name: str, prior: Any, planned: Any) -> bool:
    if name in shape.fields:
        return shape.fields[name].arg.replaces
    block = shape.blocks[name]
    if block.arg.replaces or block.nesting != "list":
        return block.arg.replaces
    pairs = zip(prior or [], planned if isinstance(planned, list) else [], strict=False)
    return any(replacing(block.shape, before, after) for before, after in pairs)


def not_carried_out(shape: Shape, config: Values, prefix: str = "") -> Iterator[str]:
    """The paths of arguments that the configuration sets but the stand-in does not implement."""
    for name, spec in shape.fields.items():
        value = config.get(name)
        if not spec.carried and not is_off(value) and value != spec.arg.default:
            yield prefix + name
    for name, block in shape.blocks.items():
        elements = _elements(config.get(name))
        if elements and not block.carried:
            yield prefix + name
            continue
        for element in elements:
            yield from not_carried_out(block.shape, element, f"{prefix}{name}.")


def _elements(value: Any) -> list[Values]:
    if isinstance(value, Mapping):
        return [dict(value)]
    return value if isinstance(value, list) else []
