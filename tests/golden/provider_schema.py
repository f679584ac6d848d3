"""Holds HCL against the schema of hashicorp/aws, without running anything.

Terraform itself would say the same, but only where the provider can be had.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import hcl2
from hcl2.rules.base import AttributeRule, BlockRule, BodyRule

from deployments.sandbox.aws_provider import provider
from deployments.sandbox.aws_provider.declare import Shape
from deployments.sandbox.aws_provider.schema import Argument, Nested, SchemaBlock, catalog

# What Terraform itself adds to every resource and data source, and to a provider block.
META_ARGUMENTS = frozenset({"count", "depends_on", "for_each", "provider"})
META_BLOCKS = frozenset({"connection", "lifecycle", "provisioner"})
PROVIDER_ARGUMENTS = frozenset({"alias"})


@dataclass(frozen=True)
class Written:
    """A block as it is written. `dynamic`: how many of it there will be is not known."""

    kind: str
    labels: tuple[str, ...]
    line: int
    arguments: dict[str, int]
    blocks: tuple[Written, ...]
    dynamic: bool = False


def read(text: str) -> tuple[Written, ...]:
    """The blocks of a file."""
    return tuple(_blocks(hcl2.parses(text).body))


def _blocks(body: BodyRule) -> Iterator[Written]:
    for rule in body.children:
        if isinstance(rule, BlockRule):
            kind, *labels = (str(label.serialize()).strip('"') for label in rule.labels)
            yield from _dynamic(rule, labels[0]) if kind == "dynamic" else [_written(rule, kind, labels)]


def _written(rule: BlockRule, kind: str, labels: list[str], dynamic: bool = False) -> Written:
    attributes = [each for each in rule.body.children if isinstance(each, AttributeRule)]
    lines = {str(each.identifier.serialize()): _line(each) for each in attributes}
    return Written(kind, tuple(labels), _line(rule), lines, tuple(_blocks(rule.body)), dynamic)


def _dynamic(rule: BlockRule, kind: str) -> Iterator[Written]:
    for content in rule.body.children:
        if isinstance(content, BlockRule):
            yield _written(content, kind, [], dynamic=True)


def _line(rule: Any) -> int:
    return int(rule._meta.line)


def check(text: str, file: str) -> list[str]:
    """What the real provider would refuse in a file's text: ["main.tf:3: aws_vpc.this: unknown argument cidr"]."""
    findings = sorted(finding for block in read(text) for finding in _declaration(block))
    return [f"{file}:{line}: {what}" for line, what in findings]


def _declaration(block: Written) -> Iterator[tuple[int, str]]:
    known = catalog()
    if block.kind == "provider" and block.labels == ("aws",):
        yield from _body("provider.aws", block, _of_provider(), PROVIDER_ARGUMENTS)
    if block.kind not in ("resource", "data") or not block.labels[0].startswith("aws_"):
        return
    types, prefix = (known.resources, "") if block.kind == "resource" else (known.data_sources, "data.")
    where = prefix + ".".join(block.labels)
    if block.labels[0] in types:
        own = tuple(each for each in block.blocks if each.kind not in META_BLOCKS)
        yield from _body(where, block, types[block.labels[0]], META_ARGUMENTS, own)
    else:
        yield block.line, f"{where}: there is no {prefix}{block.labels[0]} in the provider's schema"


def _of_provider() -> SchemaBlock:
    nested = {n: Nested(b.nesting, b.required, b.most, _plain(b.shape)) for n, b in provider.SHAPE.blocks.items()}
    return SchemaBlock(_plain(provider.SHAPE).arguments, nested)


def _plain(shape: Shape) -> SchemaBlock:
    return SchemaBlock({name: Argument(spec.type, spec.required) for name, spec in shape.fields.items()}, {})


def _body(
    where: str,
    written: Written,
    schema: SchemaBlock,
    extra: frozenset[str] = frozenset(),
    blocks: tuple[Written, ...] | None = None,
) -> Iterator[tuple[int, str]]:
    blocks = written.blocks if blocks is None else blocks
    for name, line in written.arguments.items():
        # Some blocks may also be written as a list of objects.
        if name not in schema.arguments and name not in schema.blocks and name not in extra:
            yield line, f"{where}: unknown argument {name}"
    for name, argument in schema.arguments.items():
        if argument.required and name not in written.arguments:
            yield written.line, f"{where}: missing required argument {name}"
    present = {*written.arguments, *(block.kind for block in blocks)}
    for name, nested in schema.blocks.items():
        if nested.required and name not in present:
            yield written.line, f"{where}: missing required block {name}"
    yield from _nested(where, blocks, schema)


def _nested(where: str, blocks: tuple[Written, ...], schema: SchemaBlock) -> Iterator[tuple[int, str]]:
    seen: Counter[str] = Counter()
    for block in blocks:
        nested = schema.blocks.get(block.kind)
        if nested is None:
            yield block.line, f"{where}: unknown block {block.kind}"
            continue
        seen[block.kind] += not block.dynamic
        if nested.most and seen[block.kind] == nested.most + 1 and not block.dynamic:
            yield block.line, f"{where}: no more than {nested.most} block {block.kind}"
        yield from _body(f"{where}.{block.kind}", block, nested.block)
