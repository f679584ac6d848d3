"""What the schema's data does not say, declared per argument, and both put together as a `Shape`.

A resource class lists every argument that it carries out (`Arg`), nested ones by path: "health_check.path", or
"default_action.*" for all that have nothing special. An argument of the real provider that is not listed is
accepted by the schema, but refused at plan when it asks for something: it is never silently ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from deployments.sandbox.aws_provider.schema import Argument, Block, Nested
from deployments.sandbox.aws_provider.values import Canonical, plain, unordered

NO_DEFAULT: Final = object()


@dataclass(frozen=True)
class Arg:
    """How one argument behaves.

    `computed`: the cloud fills it in when it is not set. `replaces`: a change means a new object. `same` brings two
    spellings of one meaning to the same form. `shy`: what the cloud has is shown only if the configuration has
    something there, too. `fixed`: moto has no call that changes it. `as_attribute` (blocks): the real provider types
    it as a set of objects.
    """

    computed: bool = False
    default: Any = NO_DEFAULT
    replaces: bool = False
    sensitive: bool = False
    same: Canonical | None = None
    shy: bool = False
    fixed: bool = False
    as_attribute: bool = False


PLAIN: Final = Arg()
COMPUTED: Final = Arg(computed=True)
REPLACES: Final = Arg(replaces=True)
COMPUTED_REPLACES: Final = Arg(computed=True, replaces=True)


def frozen(declarations: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a class declares about its type: nobody may change it."""
    return MappingProxyType(declarations)


@dataclass(frozen=True)
class Field:
    """One attribute of a type as the stand-in serves it."""

    type: str
    required: bool = False
    writable: bool = True
    carried: bool = True
    arg: Arg = PLAIN

    @property
    def computed(self) -> bool:
        """Whether a value may appear that the configuration does not give."""
        filled = self.arg.computed or self.arg.default is not NO_DEFAULT
        return not self.writable or (filled and not self.required)

    def canonical(self, value: Any) -> Any:
        """What two values of this attribute have in common when they mean the same."""
        if self.arg.same:
            return self.arg.same(value)
        return unordered(value) if self.type.startswith("set(") else plain(value)


@dataclass(frozen=True)
class BlockField:
    """One nested block of a type as the stand-in serves it."""

    nesting: str
    most: int
    required: bool
    shape: Shape
    carried: bool
    arg: Arg = PLAIN


@dataclass(frozen=True)
class Shape:
    """Everything the stand-in knows of one type, or of one block in it."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    blocks: Mapping[str, BlockField] = field(default_factory=dict)

    def blank(self) -> dict[str, Any]:
        """An object of this shape in which nothing is set."""
        nested: dict[str, Any] = {name: None if b.nesting == "single" else [] for name, b in self.blocks.items()}
        return dict.fromkeys(self.fields) | nested


def shape_of(block: Block, args: Mapping[str, Arg], reads: Mapping[str, str]) -> Shape:
    """The shape of a type: its data, its declared arguments, the types of its read-only attributes.

    KeyError names a declared argument that the real provider does not have.
    """
    _no_strangers(block, args)
    as_attributes = {name for name, arg in args.items() if arg.as_attribute}
    fields = _fields(block, args, "")
    fields |= {name: _object_field(block.blocks[name], args[name]) for name in as_attributes}
    fields |= {name: Field(reads.get(name, "string"), writable=False) for name in block.attributes}
    blocks = {n: _block_field(b, args, n) for n, b in block.blocks.items() if n not in as_attributes}
    return Shape(fields, blocks)


def _no_strangers(block: Block, args: Mapping[str, Arg]) -> None:
    for path in args:
        inner = block
        *parents, last = path.split(".")
        for parent in parents:
            inner = inner.blocks[parent].block
        if last != "*" and last not in inner.arguments and last not in inner.blocks:
            raise KeyError(f"{path} is declared but not in the real provider's schema")


def _declared(args: Mapping[str, Arg], path: str) -> Arg | None:
    if path in args:
        return args[path]
    parents = path.split(".")[:-1]
    wild = (".".join([*parents[:n], "*"]) for n in range(len(parents), 0, -1))
    return PLAIN if any(pattern in args for pattern in wild) else None


def _fields(block: Block, args: Mapping[str, Arg], prefix: str) -> dict[str, Field]:
    return {name: _field(argument, _declared(args, prefix + name)) for name, argument in block.arguments.items()}


def _field(argument: Argument, arg: Arg | None) -> Field:
    return Field(argument.type, argument.required, carried=arg is not None, arg=arg or PLAIN)


def _block_field(nested: Nested, args: Mapping[str, Arg], path: str) -> BlockField:
    inner = Shape(
        _fields(nested.block, args, f"{path}."),
        {name: _block_field(b, args, f"{path}.{name}") for name, b in nested.block.blocks.items()},
    )
    carried = _declared(args, path) is not None or any(name.startswith(f"{path}.") for name in args)
    arg = _declared(args, path) or PLAIN
    return BlockField(nested.nesting, nested.most, nested.required, inner, carried, arg)


def _object_field(nested: Nested, arg: Arg) -> Field:
    parts = ",".join(f"{name}={argument.type}" for name, argument in nested.block.arguments.items())
    return Field(f"set(object({parts}))", arg=arg)
