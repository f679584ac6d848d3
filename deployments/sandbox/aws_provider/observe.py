"""What a resource is: what the cloud answers, put into the words of the configuration.

The cloud spells things its own way (sets in another order, policies laid out differently, empty for absent). Where
its answer means the same as what the state holds, the state's spelling stays: only a real difference is drift.
Pure: the asking is done in `services/`.
"""

from __future__ import annotations

from typing import Any

from deployments.sandbox.aws_provider.declare import BlockField, Field, Shape
from deployments.sandbox.aws_provider.plan import same
from deployments.sandbox.aws_provider.values import UNKNOWN, Values, plain


def settle(shape: Shape, state: Values, observed: Values) -> Values:
    """`state` brought up to date: what was not observed stays as it is, and nothing is unknown any more."""
    settled = shape.blank()
    for name, spec in shape.fields.items():
        held, found = state.get(name), observed.get(name, state.get(name))
        if spec.arg.shy and held is None:
            found = None
        settled[name] = held if held is not UNKNOWN and same(spec, held, found) else _fresh(spec, found)
    for name, block in shape.blocks.items():
        settled[name] = _settle_block(block, state.get(name), observed.get(name, state.get(name)))
    return settled


def _fresh(spec: Field, found: Any) -> Any:
    """What is found where nothing was held: an argument that asks for nothing is one that is not set."""
    return known(found) if spec.computed else plain(known(found))


def known(value: Any) -> Any:
    """`value` with null in place of what is unknown."""
    if isinstance(value, dict):
        return {key: known(part) for key, part in value.items()}
    if isinstance(value, list):
        return [known(part) for part in value]
    return None if value is UNKNOWN else value


def _settle_block(block: BlockField, held: Any, found: Any) -> Any:
    if block.nesting == "single":
        return found
    held = held if isinstance(held, list) else []
    if block.arg.shy and not held:
        return []
    if block.nesting == "list":
        earlier = [*held, *[{}] * len(found or [])]
        return [settle(block.shape, h, f) for h, f in zip(earlier, found or [], strict=False)]
    return _settle_set(block.shape, list(held), found or [])


def _settle_set(shape: Shape, held: list[Values], found: list[Values]) -> list[Values]:
    settled = []
    for element in found:
        twin = next((h for h in held if _is_twin(shape, h, element)), {})
        if twin:
            held.remove(twin)
        settled.append(settle(shape, twin, element))
    return settled


def _is_twin(shape: Shape, held: Values, found: Values) -> bool:
    settled = settle(shape, held, found)
    return all(settled[name] == known(held.get(name)) for name in settled)
