"""Rules for names, labels and annotations.

https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ and .../labels/#syntax-and-character-set
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.resources import Object, Resource
from deployments.sandbox.kubernetes.status import Cause

_LABEL_FORM = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL = re.compile(rf"^{_LABEL_FORM}$")
_SUBDOMAIN = re.compile(rf"^{_LABEL_FORM}(\.{_LABEL_FORM})*$")
_PATH = re.compile(r"^(?!\.{1,2}$)[^/%]+$")
_SERVICE = re.compile(r"^[a-z]([-a-z0-9]*[a-z0-9])?$")
_QUALIFIED = re.compile(r"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$")
_VALUE = re.compile(r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$")

_LARGEST_ANNOTATIONS = 256 * 1024

_PATH_RULE = "may not be '.', '..', or contain '/' or '%'"
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_SERVICE_RULE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation "
    "is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_QUALIFIED_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)


def metadata_rules(item: Object, resource: Resource) -> Iterator[Cause]:
    """Yield what is wrong with an object's name, labels and annotations."""
    metadata = item["metadata"]
    yield from _name(str(metadata.get("name", "")), resource)
    for name, value in (metadata.get("labels") or {}).items():
        yield from label_rules(name, value, "metadata.labels")
    for name in metadata.get("annotations") or {}:
        if not _is_qualified(name.lower()):
            yield status.wrong("metadata.annotations", name, _QUALIFIED_RULE)
    size = sum(len(n) + len(v) for n, v in (metadata.get("annotations") or {}).items())
    if size > _LARGEST_ANNOTATIONS:
        yield Cause("FieldValueTooLong", "Too long: may not be more than 262144 bytes", "metadata.annotations")


def label_rules(name: str, value: str, where: str) -> Iterator[Cause]:
    """Yield what is wrong with one label."""
    if not _is_qualified(name):
        yield status.wrong(where, name, _QUALIFIED_RULE)
    if len(value) > 63:
        yield status.wrong(where, value, "must be no more than 63 characters")
    elif not _VALUE.match(value):
        yield status.wrong(where, value, _VALUE_RULE)


def is_label(name: str) -> bool:
    """Tell whether a name is an RFC 1123 label."""
    return len(name) <= 63 and bool(_LABEL.match(name))


def is_subdomain(name: str) -> bool:
    """Tell whether a name is an RFC 1123 subdomain."""
    return len(name) <= 253 and bool(_SUBDOMAIN.match(name))


LABEL_RULE = _LABEL_RULE
SUBDOMAIN_RULE = _SUBDOMAIN_RULE


def _is_qualified(name: str) -> bool:
    prefix, slash, last = name.rpartition("/")
    fits = len(last) <= 63 and bool(_QUALIFIED.match(last))
    return fits and (not slash or bool(_SUBDOMAIN.match(prefix)))


def _name(name: str, resource: Resource) -> Iterator[Cause]:
    if not name:
        yield status.required("metadata.name", "name or generateName is required")
        return
    form, rule, longest = _form(resource)
    if len(name) > longest:
        yield status.wrong("metadata.name", name, f"must be no more than {longest} characters")
    elif not form.match(name):
        yield status.wrong("metadata.name", name, rule)


def _form(resource: Resource) -> tuple[re.Pattern[str], str, int]:
    """Return the pattern of a kind's names, the rule in words, and the maximum length."""
    if resource.group == "rbac.authorization.k8s.io":
        return _PATH, _PATH_RULE, 253
    if resource.kind == "Service" and not resource.group:
        return _SERVICE, _SERVICE_RULE, 63
    if resource.kind == "Namespace" and not resource.group:
        return _LABEL, _LABEL_RULE, 63
    return _SUBDOMAIN, _SUBDOMAIN_RULE, 253
