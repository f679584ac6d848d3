"""Find the secrets of a terraform unit, and mask them in plans, states and errors. Pure.

Terraform marks what is sensitive, but loses the mark where a resource passes a value on (`terraform_data` prints its
input again as `output`). So a value that is marked in one place is masked in every place: also inside longer texts,
and in the forms that JSON gives it. Short texts and numbers are masked if they are a whole value, or a whole word of
an error. `true`, `false` and single characters are not secrets: masking them would hide the plan.

Source of the marks: Terraform's "JSON Output Format": `before_sensitive`, `after_sensitive`, `sensitive_values`, and
`sensitive_attributes` of a state.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tasks import masking
from tasks.domain.values import MASK

INSIDE = 6
"""Secrets of at least this many characters are masked inside longer texts."""
_WORD = 3
"""In an error, a shorter secret of at least this many characters is masked where it is a whole word."""


@dataclass(frozen=True)
class Secrets:
    """The sensitive texts and numbers (as texts) of one unit."""

    values: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        # Other texts of this process must not show them either: a library's exception, a check's response.
        masking.KNOWN.learn(self.values)

    def __or__(self, other: Secrets) -> Secrets:
        return Secrets(self.values | other.values)

    def masked(self, value: Any) -> Any:
        """Return `value`, which may be nested, with every secret in it masked."""
        if isinstance(value, Mapping):
            return {self._masked_key(key): self.masked(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.masked(item) for item in value]
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return value
        if _text(value) in self.values:
            return MASK
        return self._inside.sub(MASK, value) if self._inside and isinstance(value, str) else value

    def _masked_key(self, key: Any) -> Any:
        """Mask only long secrets in keys: a key may be an attribute's name that happens to equal a short secret."""
        return self._inside.sub(MASK, key) if self._inside and isinstance(key, str) else key

    def scrubbed(self, text: str) -> str:
        """Return an error's text with every secret in it masked."""
        for pattern in (self._inside, self._words):
            text = pattern.sub(MASK, text) if pattern else text
        return text

    @cached_property
    def _inside(self) -> re.Pattern[str] | None:
        return _any_of(form for value in self.values if len(value) >= INSIDE for form in _forms(value))

    @cached_property
    def _words(self) -> re.Pattern[str] | None:
        short = [value for value in self.values if _WORD <= len(value) < INSIDE]
        return _any_of(short, r"(?<![\w.])", r"(?![\w])")


def of_plan(plan: Mapping[str, Any]) -> Secrets:
    """Return everything that `terraform show -json PLAN` marks as sensitive in any place."""
    found: set[str] = set()
    changes = [item["change"] for key in ("resource_changes", "resource_drift") for item in plan.get(key, ())]
    for change in (*changes, *plan.get("output_changes", {}).values()):
        for side in ("before", "after"):
            found.update(marked(change.get(side), change.get(f"{side}_sensitive")))
    for resource in _resources(plan.get("prior_state", {}).get("values", {}).get("root_module", {})):
        found.update(marked(resource.get("values"), resource.get("sensitive_values")))
    return Secrets(frozenset(found) | _variables(plan))


def of_state(state: Mapping[str, Any]) -> Secrets:
    """Return everything that `terraform state pull` marks as sensitive."""
    found: set[str] = set()
    for output in state.get("outputs", {}).values():
        found.update(marked(output.get("value"), output.get("sensitive", False)))
    for resource in state.get("resources", ()):
        for instance in resource.get("instances", ()):
            for path in instance.get("sensitive_attributes", ()):
                found.update(marked(_at(instance.get("attributes"), path), True))
    return Secrets(frozenset(found))


def of_values(values: Iterable[Any]) -> Secrets:
    """Return all texts and numbers in values that are secret as a whole."""
    return Secrets(frozenset(text for value in values for text in marked(value, True)))


def fingerprint(plan: Mapping[str, Any], key: Callable[[], bytes]) -> str:
    """Return a keyed hash over the sensitive values that a plan would set; empty if there are none.

    It tells whether two plans set the same secrets, but only to somebody who has the key.

    Args:
        plan: as `terraform show -json` prints it.
        key: returns the key; called only if there is a secret.
    """
    changes = {item["address"]: item["change"] for item in plan.get("resource_changes", ())}
    changes |= {f"output.{name}": change for name, change in plan.get("output_changes", {}).items()}
    found = {name: sorted(marked(c.get("after"), c.get("after_sensitive"))) for name, c in changes.items()}
    found = {name: values for name, values in found.items() if values}
    canonical = json.dumps(found, sort_keys=True).encode()
    return hmac.new(key(), canonical, hashlib.sha256).hexdigest() if found else ""


def marked(value: Any, marks: Any) -> Iterator[str]:
    """Yield the texts and numbers of `value` where `marks` is true. Both have the same shape."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from marked(item, marks.get(key) if isinstance(marks, Mapping) else marks)
    elif isinstance(value, list):
        each = [*marks, *[False] * (len(value) - len(marks))] if isinstance(marks, list) else [marks] * len(value)
        for item, mark in zip(value, each, strict=False):
            yield from marked(item, mark)
    elif marks is True and isinstance(value, str | int | float) and not isinstance(value, bool):
        yield from filter(_is_secret, [_text(value)])


def _is_secret(text: str) -> bool:
    return len(text) > 1 and text not in ("true", "false", MASK)


def _text(value: str | int | float) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _forms(value: str) -> set[str]:
    """Return a text, its lines, and its spellings in JSON (Terraform's `jsonencode` also escapes <, > and &)."""
    escaped = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    html = {form.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026") for form in escaped}
    lines = {line for line in value.splitlines() if len(line.strip()) >= INSIDE} if "\n" in value else set()
    return {value, *escaped, *html, *lines}


def _any_of(texts: Iterable[str], before: str = "", after: str = "") -> re.Pattern[str] | None:
    """Return one pattern for all texts; longer ones first, because one may contain another."""
    ordered = sorted(set(texts), key=lambda text: (-len(text), text))
    return re.compile(f"{before}(?:{'|'.join(map(re.escape, ordered))}){after}") if ordered else None


def _variables(plan: Mapping[str, Any]) -> frozenset[str]:
    declared = plan.get("configuration", {}).get("root_module", {}).get("variables", {})
    given = plan.get("variables", {})
    sensitive = [given.get(name, {}).get("value") for name, body in declared.items() if body.get("sensitive")]
    return of_values(sensitive).values


def _resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from _resources(child)


def _at(value: Any, path: Iterable[Mapping[str, Any]]) -> Any:
    """Return the value at a path of a state, whose steps have the type `get_attr` or `index`."""
    for step in path:
        key = step["value"]["value"] if isinstance(step["value"], Mapping) else step["value"]
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value
