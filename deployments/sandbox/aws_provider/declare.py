"""What a resource class declares, and the `Shape` that combines it with the real provider's schema and behaviour.

A class lists every argument that it implements (`Arg`), nested ones by path: "health_check.path", or
"default_action.*" for all in a block. An argument of the real provider that is not listed is in plans as the real one
has it, and refused if it is set to something else: it is never silently ignored.
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
    """How one argument behaves.

    Attributes:
        computed: AWS fills it in if it is not set. None: as with the real provider; so for the next two.
        default: the value if it is not set.
        replaces: a change makes a new object.
        sensitive: the plan does not show it.
        kept: the block stays as it is if none is written.
        same: returns a normal form, which is equal for two spellings of one value.
        only_if_configured: AWS's value is shown only if the configuration has one, too.
        fixed: moto has no call that changes it.
        as_attribute: the real provider types this block as a set of objects.
        empty_is_unset: an empty list asks for what AWS fills in, as no list does, and is shown as written.
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
        """This declaration with the real provider's behaviour where it says nothing."""
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
    """Arguments that are implemented, and behave as those of the real provider."""
    return dict.fromkeys(names, PLAIN)


def frozen(declarations: Mapping[str, Any]) -> Mapping[str, Any]:
    """Declarations of a class as a read-only mapping."""
    return MappingProxyType(declarations)


@dataclass(frozen=True)
class Field:
    """One attribute of a type.

    Attributes:
        carried: whether the stand-in implements it.
        zeros: of a block that is typed as a set of objects: what an element has where nothing is written.
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
        """`value` as the real provider has it in plans and states: nothing is null in a set of objects."""
        if not (self.zeros and isinstance(value, list)):
            return value
        return [self._zeroed(element) if isinstance(element, dict) else element for element in value]

    def _zeroed(self, element: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self.zeros.get(name) if part is None else part for name, part in element.items()}

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
    zeros: Mapping[str, Any] = field(default_factory=dict)

    def zeroed(self, element: Mapping[str, Any]) -> dict[str, Any]:
        """An element of a set as the real provider has it in plans and states: nothing is null."""
        own = {name: self.zeros.get(name) if part is None else part for name, part in element.items()}
        inner = ((n, block, element.get(n)) for n, block in self.shape.blocks.items())
        return own | {n: list(map(block.zeroed, each)) for n, block, each in inner if isinstance(each, list)}


@dataclass(frozen=True)
class Shape:
    """All attributes and blocks of one type, or of one block in it."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    blocks: Mapping[str, BlockField] = field(default_factory=dict)

    def blank(self) -> dict[str, Any]:
        """An object of this shape without values."""
        nested: dict[str, Any] = {name: None if b.nesting == "single" else [] for name, b in self.blocks.items()}
        return dict.fromkeys(self.fields) | nested


@dataclass(frozen=True)
class _Declarations:
    """The declared arguments of a type by path, and how the real provider treats all of them."""

    args: Mapping[str, Arg]
    real: Behaviour

    def declared(self, path: str) -> Arg | None:
        """What is declared for an argument; None if it is not implemented."""
        if path in self.args:
            return self.args[path]
        parents = path.split(".")[:-1]
        wild = (".".join([*parents[:n], "*"]) for n in range(len(parents), 0, -1))
        return PLAIN if any(pattern in self.args for pattern in wild) else None

    def completed(self, path: str) -> Arg:
        """How an argument behaves, implemented or not."""
        return (self.declared(path) or PLAIN).completed(path, self.real)

    def carries(self, block: str) -> bool:
        """Whether anything in a block is implemented."""
        return self.declared(block) is not None or any(path.startswith(f"{block}.") for path in self.args)


def shape_of(
    block: SchemaBlock, args: Mapping[str, Arg], reads: Mapping[str, str], real: Behaviour = behaviour.PLAIN
) -> Shape:
    """The shape of a type.

    Args:
        block: its schema.
        args: the declared arguments by path.
        reads: the types of read-only attributes that are not strings.
        real: the real provider's behaviour.

    Raises:
        KeyError: An argument that is named is not in the real provider's schema.
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
    """The shape of a type that is not emulated: no object of it will ever be, so anything may be said about one."""
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
    """A block; `in_set`: it is a set's, or in an element of one, where the real provider has no nulls."""
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
