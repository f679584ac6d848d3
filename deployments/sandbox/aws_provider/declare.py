"""Declarations that complete the schema's data for each argument, and the `Shape` that combines both.

A resource class lists every argument that it implements (`Arg`), nested ones by path: "health_check.path", or
"default_action.*" for all others without special behaviour. The schema accepts an argument of the real provider that
is not listed, but a plan refuses it if it is set to something: it is never silently ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from deployments.sandbox.aws_provider.schema import Argument, Nested, SchemaBlock
from deployments.sandbox.aws_provider.values import Canonical, plain, unordered

NO_DEFAULT: Final = object()


@dataclass(frozen=True)
class Arg:
    """How one argument behaves.

    Attributes:
        computed: AWS fills it in if it is not set.
        default: the value if it is not set.
        replaces: a change makes a new object.
        sensitive: the plan does not show it.
        same: returns a normal form, which is equal for two spellings of one value.
        only_if_configured: AWS's value is shown only if the configuration has one, too.
        fixed: moto has no call that changes it.
        as_attribute: the real provider types this block as a set of objects.
        empty_is_unset: an empty list asks for what AWS fills in, as no list does, and is shown as written.
        carried: whether the stand-in implements it. If not, its value is what the real provider plans, and no other.
    """

    computed: bool = False
    default: Any = NO_DEFAULT
    replaces: bool = False
    sensitive: bool = False
    same: Canonical | None = None
    only_if_configured: bool = False
    fixed: bool = False
    as_attribute: bool = False
    empty_is_unset: bool = False
    carried: bool = True


PLAIN: Final = Arg()
COMPUTED: Final = Arg(computed=True)
REPLACES: Final = Arg(replaces=True)
COMPUTED_REPLACES: Final = Arg(computed=True, replaces=True)


def filled(*names: str) -> dict[str, Arg]:
    """Arguments that AWS fills in, and that cannot be set here."""
    return dict.fromkeys(names, Arg(computed=True, carried=False))


def left_at(default: Any, *names: str) -> dict[str, Arg]:
    """Arguments that have this default, and that cannot be set to anything else here."""
    return dict.fromkeys(names, Arg(default=default, carried=False))


def frozen(declarations: Mapping[str, Any]) -> Mapping[str, Any]:
    """Declarations of a class as a read-only mapping."""
    return MappingProxyType(declarations)


@dataclass(frozen=True)
class Field:
    """One attribute of a type. `carried`: whether the stand-in implements it."""

    type: str
    required: bool = False
    writable: bool = True
    carried: bool = True
    arg: Arg = PLAIN

    @property
    def computed(self) -> bool:
        """Whether it may have a value that the configuration does not set."""
        filled = self.arg.computed or self.arg.default is not NO_DEFAULT
        return not self.writable or (filled and not self.required)

    def canonical(self, value: Any) -> Any:
        """The normal form of a value: equal for two values of the same meaning."""
        if self.arg.same:
            return self.arg.same(value)
        return unordered(value) if self.type.startswith("set(") else plain(value)


@dataclass(frozen=True)
class BlockField:
    """One nested block of a type. `most` is 0 if there is no limit; `carried`: whether the stand-in implements it."""

    nesting: str
    most: int
    required: bool
    shape: Shape
    carried: bool
    arg: Arg = PLAIN


@dataclass(frozen=True)
class Shape:
    """All attributes and blocks of one type, or of one block in it."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    blocks: Mapping[str, BlockField] = field(default_factory=dict)

    def blank(self) -> dict[str, Any]:
        """An object of this shape without values."""
        nested: dict[str, Any] = {name: None if b.nesting == "single" else [] for name, b in self.blocks.items()}
        return dict.fromkeys(self.fields) | nested


def shape_of(block: SchemaBlock, args: Mapping[str, Arg], reads: Mapping[str, str]) -> Shape:
    """The shape of a type.

    Args:
        block: its schema.
        args: the declared arguments by path.
        reads: the types of read-only attributes that are not strings.

    Raises:
        KeyError: A declared argument is not in the real provider's schema.
    """
    _refuse_unknown(block, args)
    as_attributes = {name for name, arg in args.items() if arg.as_attribute}
    fields = _fields(block, args, "")
    fields |= {name: _object_field(block.blocks[name], args[name]) for name in as_attributes}
    fields |= {name: Field(reads.get(name, "string"), writable=False) for name in block.attributes}
    blocks = {n: _block_field(b, args, n) for n, b in block.blocks.items() if n not in as_attributes}
    return Shape(fields, blocks)


def shape_not_emulated(block: SchemaBlock) -> Shape:
    """The shape of a type that is not emulated: no object of it will ever be, so anything may be said about one."""
    return shape_of(block, {}, dict.fromkeys(block.attributes, "dynamic"))


def _refuse_unknown(block: SchemaBlock, args: Mapping[str, Arg]) -> None:
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


def _fields(block: SchemaBlock, args: Mapping[str, Arg], prefix: str) -> dict[str, Field]:
    return {name: _field(argument, _declared(args, prefix + name)) for name, argument in block.arguments.items()}


def _field(argument: Argument, arg: Arg | None) -> Field:
    carried = arg is not None and arg.carried
    return Field(argument.type, argument.required, carried=carried, arg=arg or PLAIN)


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
