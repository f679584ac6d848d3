"""Parse and format resource quantities ("250m", "1Gi") as exact numbers.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

_FORM = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+))(m|u|n|k|[KMGTPE]i?|[eE][+-]?\d+)?$")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}

_BINARY_UNITS = {name: Decimal(1024) ** _BINARY[name] for name in reversed(_BINARY)} | {"": Decimal(1)}
_DECIMAL_UNITS = {
    name: Decimal(1).scaleb(power) for name, power in sorted(_DECIMAL.items(), key=lambda pair: -pair[1])
}

Quantities = Mapping[str, Decimal]


def quantity(text: str | int | float) -> Decimal:
    """Parse a quantity into an exact number.

    Raises:
        ValueError: `text` is not a quantity.
    """
    found = _FORM.match(str(text))
    if not found:
        raise ValueError(
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        )
    number, suffix = Decimal(found[1]), found[2] or ""
    if suffix in _BINARY:
        return number * Decimal(1024) ** _BINARY[suffix]
    if suffix in _DECIMAL:
        return number.scaleb(_DECIMAL[suffix])
    return number.scaleb(int(suffix[1:]))


def written(amount: Decimal) -> str:
    """Format a number as a quantity.

    Fractions are rounded up to thousandths. Whole numbers use the largest binary unit that divides them.
    """
    if amount != amount.to_integral_value():
        return f"{int((amount * 1000).to_integral_value(rounding='ROUND_CEILING'))}m"
    whole, unit = int(amount), ""
    for name in _BINARY:
        if not whole or whole % 1024:
            break
        whole, unit = whole // 1024, name
    return f"{whole}{unit}"


def canonical(value: str | int | float) -> str:
    """Return a quantity as the API writes it: `2000m` becomes `2`, `2048Mi` becomes `2Gi`.

    Quantities with a decimal exponent stay unchanged. So do invalid quantities, which validation reports.
    """
    text = str(value)
    found = _FORM.match(text)
    suffix = (found[2] or "") if found else "?"
    if suffix not in _DECIMAL and suffix not in _BINARY:
        return text
    amount = quantity(text)
    return _in_units(amount, _BINARY_UNITS if suffix in _BINARY else _DECIMAL_UNITS)


def _in_units(amount: Decimal, units: Mapping[str, Decimal]) -> str:
    """Format the amount in the largest unit that leaves a whole number."""
    fitting = (name for name, size in units.items() if amount and amount % size == 0)
    name = next(fitting, None)
    if name is None:
        return "0" if not amount else _in_units(amount, _DECIMAL_UNITS)
    return f"{int(amount / units[name])}{name}"


def total(parts: list[Mapping[str, str]]) -> dict[str, Decimal]:
    """Add up several sets of quantities, by name."""
    summed: dict[str, Decimal] = {}
    for part in parts:
        for name, amount in part.items():
            summed[name] = summed.get(name, Decimal(0)) + quantity(amount)
    return summed
