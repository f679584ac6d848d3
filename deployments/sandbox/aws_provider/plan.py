"""The planned values of a resource: the configuration, completed with defaults and unknown values. Pure.

Terraform has already merged the configuration with the prior state ("proposed new state"). This module adds what the
provider knows, and finds the changes that force a replacement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import zip_longest
from typing import Any

from deployments.sandbox.aws_provider.declare import NO_DEFAULT, BlockField, Field, Shape
from deployments.sandbox.aws_provider.values import UNKNOWN, Values, freeze, is_known, is_off


def fill(shape: Shape, config: Values, proposed: Values, prior: Values | None) -> Values:
    """The planned values: `proposed`, with defaults and unknown values for what the configuration does not set."""
    planned = dict(proposed)
    for name, spec in shape.fields.items():
        planned[name] = _fill_field(spec, config.get(name), proposed.get(name), (prior or {}).get(name), prior)
    for name, block in shape.blocks.items():
        earlier = None if prior is None else prior.get(name) or []
        planned[name] = _fill_block(block, config.get(name), proposed.get(name), earlier)
    return planned


def _fill_field(spec: Field, config: Any, proposed: Any, prior: Any, existing: Values | None) -> Any:
    if config is None and spec.arg.default is not NO_DEFAULT:
        return spec.arg.default
    if config is None and spec.computed and existing is None:
        return UNKNOWN
    if config is not None and prior is not None and same(spec, prior, proposed):
        return prior
    return spec.zeroed(proposed)


def _fill_block(block: BlockField, config: Any, proposed: Any, prior: list[Values] | None) -> Any:
    """The planned elements of a block; `prior` is None if what holds the block does not exist yet."""
    if config is UNKNOWN or block.nesting == "single":
        return proposed
    if not config and (block.arg.computed or block.arg.kept):
        return prior if prior is not None else UNKNOWN if block.arg.computed else []
    if block.nesting == "set":
        return [_fill_element(block, each, prior or []) for each in proposed or []]
    earlier = [*(prior or []), *[None] * len(config or [])]
    return [
        fill(block.shape, element, element_proposed, element_prior)
        for element, element_proposed, element_prior in zip(config or [], proposed or [], earlier, strict=False)
    ]


def _fill_element(block: BlockField, proposed: Values, prior: list[Values]) -> Values:
    """An element of a set: the one that it was, if there was one, or a new one."""
    was = next((each for each in prior if _is_it(block.shape, proposed, each)), None)
    return block.zeroed(fill(block.shape, proposed, proposed, None)) if was is None else was


def _is_it(shape: Shape, proposed: Values, prior: Values) -> bool:
    """Whether an element has all that is written; what is not written may be anything."""
    for name, spec in shape.fields.items():
        unwritten = proposed[name] is None and (spec.arg.default is not NO_DEFAULT or spec.computed)
        if not unwritten and not same(spec, proposed[name], prior.get(name)):
            return False
    for name, block in shape.blocks.items():
        before, after = prior.get(name) or [], proposed[name] or []
        if not after and (block.arg.computed or block.arg.kept):
            continue
        if len(before) != len(after) or not all(map(partial(_is_it, block.shape), after, before)):
            return False
    return True


def departs(shape: Shape, config: Values, planned: Values) -> bool:
    """Whether more is planned than was written, as Terraform allows to providers of the old kind.

    That is blocks that AWS fills in, and what is not written in the elements of a set.
    """
    sets = {n: spec.zeros for n, spec in shape.fields.items()} | {n: block.zeros for n, block in shape.blocks.items()}
    zeroed = [name for name, zeros in sets.items() if zeros and config.get(name)]
    return any(planned[name] != config[name] for name in zeroed) or any(
        _has_more(block.shape, config.get(name), planned.get(name)) for name, block in shape.blocks.items()
    )


def keeps(shape: Shape, planned: Values, made: Values) -> bool:
    """Whether a new object has blocks that no plan shows: those that stay as they are if none is written."""
    return any(block.arg.kept and made[name] and not planned[name] for name, block in shape.blocks.items())


def _has_more(shape: Shape, config: Any, planned: Any) -> bool:
    if not (isinstance(config, list) and isinstance(planned, list)):
        return planned is UNKNOWN and not config
    pairs = zip(config, planned, strict=False)
    return len(planned) > len(config) or any(departs(shape, *pair) for pair in pairs)


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
        return bool(shape.fields[name].arg.replaces)
    block = shape.blocks[name]
    if block.arg.replaces or not isinstance(planned, list):
        return bool(block.arg.replaces)
    before, after = prior or [], planned
    if block.nesting == "set":
        # What is in both has not changed.
        before, after = [e for e in before if e not in planned], [e for e in planned if e not in (prior or [])]
    pairs = zip_longest(before, after, fillvalue=block.shape.blank())
    return any(replacing(block.shape, *pair) for pair in pairs)


def unchangeable(shape: Shape, prior: Values, planned: Values, prefix: str = "") -> Iterator[str]:
    """The paths of arguments that will differ, but for which moto has no call."""
    for name in sorted(changed(shape, prior, planned)):
        if name in shape.fields:
            yield from [prefix + name] if shape.fields[name].arg.fixed else []
        elif shape.blocks[name].nesting == "list" and isinstance(planned[name], list):
            blank = shape.blocks[name].shape.blank()
            for pair in zip_longest(prior[name] or [], planned[name], fillvalue=blank):
                yield from unchangeable(shape.blocks[name].shape, *pair, f"{prefix}{name}.")


def not_carried_out(shape: Shape, config: Values, prefix: str = "") -> Iterator[str]:
    """The paths of arguments that the configuration sets but the stand-in does not implement."""
    for name, spec in shape.fields.items():
        if not spec.carried and _asks(spec, config.get(name)):
            yield prefix + name
    for name, block in shape.blocks.items():
        elements = _elements(config.get(name))
        if elements and not block.carried:
            yield prefix + name
            continue
        for element in elements:
            yield from not_carried_out(block.shape, element, f"{prefix}{name}.")


def _asks(spec: Field, value: Any) -> bool:
    """Whether a value asks for something: false does where true is the default."""
    return value is not None and value != spec.arg.default and not (is_off(value) and is_off(_default(spec)))


def _default(spec: Field) -> Any:
    return None if spec.arg.default is NO_DEFAULT else spec.arg.default


def _elements(value: Any) -> list[Values]:
    if isinstance(value, Mapping):
        return [dict(value)]
    return value if isinstance(value, list) else []
