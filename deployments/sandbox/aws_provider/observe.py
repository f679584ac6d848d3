"""Computes the state of a resource from AWS's response, in the spelling of the configuration. Pure.

AWS spells values in its own way: sets in another order, policies in another layout, empty for absent. If a value
means the same as the one in the state, the state's spelling is kept, so that only real differences are drift.
"""

from __future__ import annotations

from typing import Any

from deployments.sandbox.aws_provider.declare import BlockField, Field, Shape
from deployments.sandbox.aws_provider.plan import same
from deployments.sandbox.aws_provider.values import UNKNOWN, Values, plain


def settle(shape: Shape, state: Values, observed: Values) -> Values:
    """Return the state updated with the observed values. Keep values that were not observed; leave none unknown.

    Args:
        shape: the shape of the type or block.
        state: the values in the state.
        observed: the values that AWS returned, all or some of them.
    """
    settled = shape.blank()
    for name, spec in shape.fields.items():
        held, found = state.get(name), observed.get(name, state.get(name))
        if spec.arg.only_if_configured and held is None:
            found = None
        if spec.arg.empty_is_unset and held == []:
            found = held
        settled[name] = held if held is not UNKNOWN and same(spec, held, found) else _fresh(spec, found)
    for name, block in shape.blocks.items():
        settled[name] = _settle_block(block, state.get(name), observed.get(name, state.get(name)))
    return settled


def _fresh(spec: Field, found: Any) -> Any:
    """Return an observed value without unknown parts. An empty argument counts as not set, unless it is computed."""
    found = spec.zeroed(known(found))
    return found if spec.computed else plain(found)


def known(value: Any) -> Any:
    """Return `value` with null in place of unknown parts."""
    if isinstance(value, dict):
        return {key: known(part) for key, part in value.items()}
    if isinstance(value, list):
        return [known(part) for part in value]
    return None if value is UNKNOWN else value


def as_known(shape: Shape, values: Values) -> Values:
    """Return `values` with null in place of unknown values, and with empty lists in place of unknown blocks."""
    blocks = {n: _known_block(block, values[n]) for n, block in shape.blocks.items() if n in values}
    return {name: known(value) for name, value in values.items()} | blocks


def _known_block(block: BlockField, elements: Any) -> Any:
    if block.nesting == "single":
        return known(elements)
    return [as_known(block.shape, element) for element in elements] if isinstance(elements, list) else []


def _settle_block(block: BlockField, held: Any, found: Any) -> Any:
    if block.nesting == "single":
        return found
    held = held if isinstance(held, list) else []
    found = found if isinstance(found, list) else []
    if block.arg.only_if_configured and not held:
        return []
    if block.nesting == "list":
        earlier = [*held, *[{}] * len(found)]
        return [settle(block.shape, h, f) for h, f in zip(earlier, found, strict=False)]
    return _settle_set(block.shape, list(held), found)


def _settle_set(shape: Shape, held: list[Values], found: list[Values]) -> list[Values]:
    settled = []
    for element in found:
        match = next((h for h in held if _is_same(shape, h, element)), {})
        if match:
            held.remove(match)
        settled.append(settle(shape, match, element))
    return settled


def _is_same(shape: Shape, held: Values, found: Values) -> bool:
    settled = settle(shape, held, found)
    return all(settled[name] == known(held.get(name)) for name in settled if held.get(name) is not UNKNOWN)
