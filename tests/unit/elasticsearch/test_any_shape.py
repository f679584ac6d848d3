"""A file of any shape is refused, or it has a form, and is sent with the same meaning."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.domain.errors import InvalidInput
from tasks.engines.elasticsearch import exports, shown
from tasks.engines.elasticsearch.addresses import COMPONENT, ILM, ISM, PIPELINE, TEMPLATE
from tasks.engines.elasticsearch.forms import form, sent

KEYS = (
    *("type", "properties", "a.b", "a", "", "..", "fields", "_meta", "dynamic_templates", "runtime", "script"),
    *("mapping", "_doc", "subobjects", "copy_to", "match", "settings", "mappings", "aliases", "template", "index"),
    *("filter", "routing", "lifecycle", "index_patterns", "composed_of", "priority", "data_stream", "processors"),
    *("policy", "phases", "hot", "actions", "min_age", "states", "transitions", "ism_template", "retry", "name"),
    *("password", "destination", "version", "policies", "component_templates", "index_templates", "index_template"),
)
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(["a", "1d", "7", "["])
)
BODIES: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=20,
)


@given(st.sampled_from([COMPONENT, TEMPLATE, PIPELINE, ILM, ISM]), BODIES)
@settings(max_examples=200, derandomize=True, database=None)
def test_a_body_is_refused_or_has_a_form(kind: str, content: Any) -> None:
    try:
        found = list(exports.objects(kind, "x", content, "x.json"))
    except InvalidInput:
        return
    for _, body in found:
        assert form(kind, sent(kind, body)) == form(kind, body)
        shown.shown(kind, body)
