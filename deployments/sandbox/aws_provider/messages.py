"""Builds the messages of the plugin protocol: schemas and diagnostics."""

from __future__ import annotations

from collections.abc import Mapping

from tf.gen import tfplugin_pb2 as pb

from deployments.sandbox.aws_provider.declare import BlockField, Field, Shape
from deployments.sandbox.aws_provider.schema import wire_type

_NESTING = {"single": 1, "list": 2, "set": 3}

_WRITE_ONLY = "_wo"
"""The suffix of the real provider's write-only arguments, which are never in the state: password_wo."""
_IS_WRITE_ONLY = b"\x58\x01"
"""`write_only = true`: field 11 of an attribute since protocol 6.8. The bindings are older and do not have it."""


def schema(shape: Shape) -> pb.Schema:
    """Return the schema message of a type."""
    return pb.Schema(version=0, block=_block(shape))


def _block(shape: Shape) -> pb.Schema.Block:
    return pb.Schema.Block(
        attributes=[_attribute(name, spec) for name, spec in sorted(shape.fields.items())],
        block_types=[_nested(name, block) for name, block in sorted(shape.blocks.items())],
    )


def _attribute(name: str, spec: Field) -> pb.Schema.Attribute:
    attribute = pb.Schema.Attribute(
        name=name,
        type=wire_type(spec.type),
        required=spec.required,
        optional=spec.writable and not spec.required,
        computed=spec.computed,
        sensitive=spec.arg.sensitive,
    )
    if spec.writable and name.endswith(_WRITE_ONLY):
        attribute.MergeFromString(_IS_WRITE_ONLY)
    return attribute


def _nested(name: str, block: BlockField) -> pb.Schema.NestedBlock:
    # Terraform rejects item limits on blocks with the nesting "single".
    limited = block.nesting != "single"
    return pb.Schema.NestedBlock(
        type_name=name,
        nesting=_NESTING[block.nesting],
        block=_block(block.shape),
        min_items=int(block.required and limited),
        max_items=block.most if limited else 0,
    )


def paths(names: list[str]) -> list[pb.AttributePath]:
    """Return the protocol's paths of top-level attributes."""
    return [pb.AttributePath(steps=[pb.AttributePath.Step(attribute_name=name)]) for name in names]


def error(summary: str, detail: str = "") -> pb.Diagnostic:
    """Return a diagnostic that the terraform command prints as an error."""
    return pb.Diagnostic(severity=pb.Diagnostic.ERROR, summary=summary, detail=detail)


def schemas(shapes: Mapping[str, Shape]) -> dict[str, pb.Schema]:
    """Return {type: its schema message}."""
    return {name: schema(shape) for name, shape in shapes.items()}
