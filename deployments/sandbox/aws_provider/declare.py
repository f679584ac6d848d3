"""Defines what a resource class declares, and the `Shape` that adds the real provider's schema and behaviour to it.

A class lists every argument that it implements (`Arg`). Nested ones are named by path: "health_check.path", or
"default_action.*" for everything in a block. An argument of the real provider that is not listed appears in plans as
in the real one. Setting it to another value is refused, never silently ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from deployments.sandbox.aws_provider import behaviour
from deployments.sandbox.aws_provider.behaviour import Behaviour
from deployments.sandbox.aws_provider.schema import Argument, Nested, SchemaBlock
from deployments.sandbox.aws_provider.values import Canonical, plain, unordered

NO_DEFAULT: Final = object()


@dataclass(frozen=True)
class Arg:
    """Describes how one argument behaves.

    Attributes:
        computed: AWS fills it in if it is not set. None means as in the real provider.
        default: the value if it is not set. NO_DEFAULT means as in the real provider.
        replaces: a change makes a new object. None means as in the real provider.
        sensitive: the plan does not show it.
        kept: the block stays as it is if none is written.
        same: returns a normal form, which is equal for two spellings of one value.
        only_if_configured: AWS's value is shown only if the configuration has one too.
        fixed: moto has no call that changes it.
        as_attribute: the real provider types this block as a set of objects.
        empty_is_unset: an empty list means the same as no list, so AWS fills it in, but it is shown as written.
    """

    computed: bool | None = None
    default: Any = NO_DEFAULT
    replaces: bool | None = None
    sensitive: bool = False
    kept: bool = False
    same: Canonical | None = None
    only_if_configured: bool = False
    fixed: bool = False
    as_attribute: bool = False
    empty_is_unset: bool = False

    def completed(self, path: str, real: Behaviour) -> Arg:
        """Return this declaration, with the real provider's behaviour where it declares nothing."""
        return replace(
            self,
            computed=path in real.computed if self.computed is None else self.computed,
            default=real.defaults.get(path, NO_DEFAULT) if self.default is NO_DEFAULT else self.default,
            replaces=path in real.replaces if self.replaces is None else self.replaces,
            sensitive=self.sensitive or path in real.sensitive,
            kept=self.kept or path in real.kept,
        )


_ZEROS: Final = {"string": "", "number": 0, "bool": False, "list": [], "set": [], "map": {}}
PLAIN: Final = Arg()
COMPUTED: Final = Arg(computed=True)
COMPUTED_REPLACES: Final = Arg(computed=True, replaces=True)


def emulated(*names: str) -> dict[str, Arg]:
    """Return declarations of arguments that are implemented and behave as in the real provider."""
    return dict.fromkeys(names, PLAIN)


def frozen(declarations: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return declarations of a class as a read-only mapping."""
    return MappingProxyType(declarations)


@dataclass(frozen=True)
class Field:
    """One attribute of a type.

    Attributes:
        carried: whether the stand-in implements it.
        zeros: for a block that is typed as a set of objects: the values of an element where nothing is written.
    """

    type: str
    required: bool = False
    writable: bool = True
    carried: bool = True
    arg: Arg = PLAIN
    zeros: Mapping[str, Any] = field(default_factory=dict)

    @property
    def computed(self) -> bool:
        """Whether it may have a value that the configuration does not set."""
        filled = bool(self.arg.computed) or self.arg.default is not NO_DEFAULT
        return not self.writable or (filled and not self.required)

    def zeroed(self, value: Any) -> Any:
        """Return `value` as in the real provider's plans and states, which have no nulls in a set of objects."""
        if not (self.zeros and isinstance(value, list)):
            return value
        return [self._zeroed(element) if isinstance(element, dict) else element for element in value]

    def _zeroed(self, element: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self.zeros.get(name) if part is None else part for name, part in element.items()}

    def canonical(self, value: Any) -> Any:
        """Return the normal form of a value, which is equal for two values with the same meaning."""
        if self.arg.same:
            return self.arg.same(value)
        return unordered(value) if self.type.startswith("set(") else plain(value)


@dataclass(frozen=True)
class BlockField:
    """One nested block of a type.

    Attributes:
        most: the largest number of such blocks; 0 for no limit.
        carried: whether the stand-in implements it.
        zeros: for a block in a set: the values of an element where nothing is written.
    """

    nesting: str
    most: int
    required: bool
    shape: Shape
    carried: bool
    arg: Arg = PLAIN
    zeros: Mapping[str, Any] = field(default_factory=dict)

    def zeroed(self, element: Mapping[str, Any]) -> dict[str, Any]:
        """Return an element of a set as in the real provider's plans and states, which have no nulls there."""
        own = {name: self.zeros.get(name) if part is None else part for name, part in element.items()}
        inner = ((n, block, element.get(n)) for n, block in self.shape.blocks.items())
        return own | {n: list(map(block.zeroed, each)) for n, block, each in inner if isinstance(each, list)}


@dataclass(frozen=True)
class Shape:
    """All attributes and blocks of one type, or of one block in it."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    blocks: Mapping[str, BlockField] = field(default_factory=dict)

    def blank(self) -> dict[str, Any]:
        """Return an object of this shape without values."""
        nested: dict[str, Any] = {name: None if b.nesting == "single" else [] for name, b in self.blocks.items()}
        return dict.fromkeys(self.fields) | nested


@dataclass(frozen=True)
class _Declarations:
    """The declared arguments of a type by path, and the real provider's behaviour for all of them."""

    args: Mapping[str, Arg]
    real: Behaviour

    def declared(self, path: str) -> Arg | None:
        """Return the declaration of an argument, or None if it is not implemented."""
        if path in self.args:
            return self.args[path]
        parents = path.split(".")[:-1]
        wild = (".".join([*parents[:n], "*"]) for n in range(len(parents), 0, -1))
        return PLAIN if any(pattern in self.args for pattern in wild) else None

    def completed(self, path: str) -> Arg:
        """Return how an argument behaves, whether it is implemented or not."""
        return (self.declared(path) or PLAIN).completed(path, self.real)

    def carries(self, block: str) -> bool:
        """Tell whether anything in a block is implemented."""
        return self.declared(block) is not None or any(path.startswith(f"{block}.") for path in self.args)


def shape_of(
    block: SchemaBlock, args: Mapping[str, Arg], reads: Mapping[str, str], real: Behaviour = behaviour.PLAIN
) -> Shape:
    """Return the shape of a type.

    Args:
        block: its schema.
        args: {path: declaration} of its implemented arguments.
        reads: {read-only attribute: its type}, for attributes that are not strings.
        real: the real provider's behaviour.

    Raises:
        KeyError: a declared argument is not in the real provider's schema.
    """
    _refuse_unknown(block, [*args, *real.paths])
    declarations = _Declarations(args, real)
    as_attributes = {name for name, arg in args.items() if arg.as_attribute}
    fields = _fields(block, declarations, "")
    fields |= {name: _object_field(block.blocks[name], declarations.completed(name)) for name in as_attributes}
    fields |= {name: Field(reads.get(name, "string"), writable=False) for name in block.attributes}
    blocks = {
        n: _block_field(b, declarations, n, _is_old_set(b, real))
        for n, b in block.blocks.items()
        if n not in as_attributes
    }
    return Shape(fields, blocks)


def shape_not_emulated(block: SchemaBlock) -> Shape:
    """Return the shape of a type that is not emulated.

    Its attributes may have any type, because no object of it will ever exist.
    """
    return shape_of(block, {}, dict.fromkeys(block.attributes, "dynamic"))


def _refuse_unknown(block: SchemaBlock, paths: Iterable[str]) -> None:
    for path in paths:
        inner = block
        *parents, last = path.split(".")
        for parent in parents:
            inner = inner.blocks[parent].block
        if last != "*" and last not in inner.arguments and last not in inner.blocks:
            raise KeyError(f"{path} is declared but not in the real provider's schema")


def _fields(block: SchemaBlock, declarations: _Declarations, prefix: str) -> dict[str, Field]:
    return {name: _field(argument, declarations, prefix + name) for name, argument in block.arguments.items()}


def _field(argument: Argument, declarations: _Declarations, path: str) -> Field:
    carried = declarations.declared(path) is not None
    return Field(argument.type, argument.required, carried=carried, arg=declarations.completed(path))


def _is_old_set(nested: Nested, real: Behaviour) -> bool:
    return nested.nesting == "set" and not real.framework


def _block_field(nested: Nested, declarations: _Declarations, path: str, in_set: bool) -> BlockField:
    """Build a block. `in_set` says that it is (in) an element of a set, where the real provider has no nulls."""
    inner = Shape(
        _fields(nested.block, declarations, f"{path}."),
        {
            name: _block_field(b, declarations, f"{path}.{name}", in_set or _is_old_set(b, declarations.real))
            for name, b in nested.block.blocks.items()
        },
    )
    arg, zeros = declarations.completed(path), _zeros(nested) if in_set else {}
    return BlockField(nested.nesting, nested.most, nested.required, inner, declarations.carries(path), arg, zeros)


def _object_field(nested: Nested, arg: Arg) -> Field:
    parts = ",".join(f"{name}={argument.type}" for name, argument in nested.block.arguments.items())
    return Field(f"set(object({parts}))", arg=arg, zeros=_zeros(nested))


def _zeros(nested: Nested) -> dict[str, Any]:
    arguments = nested.block.arguments
    kinds = {name: argument.type.partition("(")[0] for name, argument in arguments.items()}
    return {name: copy(_ZEROS[kind]) for name, kind in kinds.items() if kind in _ZEROS}
