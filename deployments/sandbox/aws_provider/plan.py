"""Computes the planned values of a resource: the configuration, completed with defaults and unknown values. Pure.

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
    """Return the planned values: `proposed`, with defaults and unknown values where the configuration sets nothing.

    Args:
        shape: the shape of the type or block.
        config: the values that the configuration sets.
        proposed: Terraform's merge of the configuration with the prior state.
        prior: the prior state; None if the object does not exist yet.
    """
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
    """Return the planned elements of a block; `prior` is None if the object that contains it does not exist yet."""
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
    """Return the prior element of a set that matches the proposed one, or a new element if none matches."""
    was = next((each for each in prior if _is_it(block.shape, proposed, each)), None)
    return block.zeroed(fill(block.shape, proposed, proposed, None)) if was is None else was


def _is_it(shape: Shape, proposed: Values, prior: Values) -> bool:
    """Tell whether a prior element has everything that the configuration writes; it may have any values elsewhere."""
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
    """Tell whether the plan has more than the configuration.

    Terraform allows this for providers of the old type system. The additions are blocks that AWS fills in, and
    unwritten values in the elements of a set.
    """
    sets = {n: spec.zeros for n, spec in shape.fields.items()} | {n: block.zeros for n, block in shape.blocks.items()}
    zeroed = [name for name, zeros in sets.items() if zeros and config.get(name)]
    return any(planned[name] != config[name] for name in zeroed) or any(
        _has_more(block.shape, config.get(name), planned.get(name)) for name, block in shape.blocks.items()
    )


def keeps(shape: Shape, planned: Values, made: Values) -> bool:
    """Tell whether a new object has unplanned blocks, of the kind that stays as it is if none is written."""
    return any(block.arg.kept and made[name] and not planned[name] for name, block in shape.blocks.items())


def _has_more(shape: Shape, config: Any, planned: Any) -> bool:
    if not (isinstance(config, list) and isinstance(planned, list)):
        return planned is UNKNOWN and not config
    pairs = zip(config, planned, strict=False)
    return len(planned) > len(config) or any(departs(shape, *pair) for pair in pairs)


def same(spec: Field, one: Any, other: Any) -> bool:
    """Tell whether two values of an attribute mean the same. A partly unknown value differs from every value."""
    if not (is_known(one) and is_known(other)):
        return one is UNKNOWN and other is UNKNOWN
    return bool(spec.canonical(one) == spec.canonical(other))


def changed(shape: Shape, prior: Values, planned: Values) -> frozenset[str]:
    """Return the names of top-level attributes and blocks that differ between the prior and the planned values."""
    fields = {n for n, spec in shape.fields.items() if not same(spec, prior.get(n), planned.get(n))}
    blocks = {n for n in shape.blocks if freeze(prior.get(n)) != freeze(planned.get(n))}
    return frozenset(fields | blocks)


def replacing(shape: Shape, prior: Values, planned: Values) -> list[str]:
    """Return the sorted names of top-level attributes and blocks whose change forces a replacement."""
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
        # Elements of a set have no position, so an element that is in both has not changed.
        before, after = [e for e in before if e not in planned], [e for e in planned if e not in (prior or [])]
    pairs = zip_longest(before, after, fillvalue=block.shape.blank())
    return any(replacing(block.shape, *pair) for pair in pairs)


def unchangeable(shape: Shape, prior: Values, planned: Values, prefix: str = "") -> Iterator[str]:
    """Yield the paths of arguments that differ but that moto has no call to change.

    Args:
        shape: the shape of the type or block.
        prior: the values before the change.
        planned: the values after it.
        prefix: the path of the block with a closing dot; empty for a type.
    """
    for name in sorted(changed(shape, prior, planned)):
        if name in shape.fields:
            yield from [prefix + name] if shape.fields[name].arg.fixed else []
        elif shape.blocks[name].nesting == "list" and isinstance(planned[name], list):
            blank = shape.blocks[name].shape.blank()
            for pair in zip_longest(prior[name] or [], planned[name], fillvalue=blank):
                yield from unchangeable(shape.blocks[name].shape, *pair, f"{prefix}{name}.")


def not_carried_out(shape: Shape, config: Values, prefix: str = "") -> Iterator[str]:
    """Yield the paths of arguments that the configuration sets but the stand-in does not implement.

    Args:
        shape: the shape of the type or block.
        config: the values that the configuration sets.
        prefix: the path of the block with a closing dot; empty for a type.
    """
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
    """Tell whether a value has an effect. A value that is off has one only if the default is on."""
    return value is not None and value != spec.arg.default and not (is_off(value) and is_off(_default(spec)))


def _default(spec: Field) -> Any:
    return None if spec.arg.default is NO_DEFAULT else spec.arg.default


def _elements(value: Any) -> list[Values]:
    if isinstance(value, Mapping):
        return [dict(value)]
    return value if isinstance(value, list) else []
