"""Sample documents of a pipeline, and what it must make of them. Pure.

    - name: an order
      document: {message: ordered 7}
      expected: {event.action: ordered, order.id: 7, message: null}

`expected` names the fields to compare, nested or dotted; null: the field must be absent. `exactly: true`: there are
no other fields. `dropped: true`: the document is dropped. `error: TEXT`: the pipeline fails with this text in its
reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tasks.engines.elasticsearch.notation import flat

_ABSENT = object()


def document(sample: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the document of a sample as the API accepts it, with its metadata if it has any."""
    written: Mapping[str, Any] = sample["document"]
    return written if "_source" in written else {"_source": written}


def differences(sample: Mapping[str, Any], made: Any, error: str) -> Iterator[str]:
    """Yield what differs from what a sample expects.

    Args:
        sample: as declared.
        made: the server's result for the sample's document.
        error: why the pipeline failed; "" if it did not.
    """
    if "error" in sample or error:
        yield from _failing(str(sample.get("error") or ""), error)
        return
    dropped = not isinstance(made, Mapping) or "doc" not in made
    if dropped or sample.get("dropped"):
        if bool(dropped) is not bool(sample.get("dropped")):
            yield f"is {'' if dropped else 'not '}dropped"
        return
    yield from _fields(sample, dict(flat(made["doc"].get("_source") or {})))


def _failing(expected: str, error: str) -> Iterator[str]:
    if not error:
        yield f"does not fail; expected: {expected}"
    elif not expected or expected not in error:
        yield f"fails: {error}" + (f"; expected: {expected}" if expected else "")


def _fields(sample: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    expected = dict(flat(sample.get("expected") or {}))
    for name, value in expected.items():
        there = found.get(name, _ABSENT)
        if value is None and there is not _ABSENT and there is not None:
            yield f"{name} is {there!r}; expected: not there"
        elif value is not None and there != value:
            yield f"{name} is {'not there' if there is _ABSENT else repr(there)}; expected: {value!r}"
    for name in sorted({*found} - {*expected}) if sample.get("exactly") else ():
        yield f"{name} is {found[name]!r}; expected: not there"
