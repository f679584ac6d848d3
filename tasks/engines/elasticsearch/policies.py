"""Bring lifecycle policies of Elasticsearch (ILM) and of OpenSearch (ISM) to one form each. Pure.

https://www.elastic.co/docs/manage-data/lifecycle/index-lifecycle-management
https://docs.opensearch.org/latest/im-plugin/ism/policies/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.engines.elasticsearch.notation import listed, measures, scalar, without, without_nothing

_ILM_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "delete": {"delete_searchable_snapshot": "true"},
    "searchable_snapshot": {"force_merge_index": "true"},
    "migrate": {"enabled": "true"},
    "shrink": {"allow_write_after_shrink": "false"},
    "downsample": {"wait_timeout": "1d"},
    "allocate": {"include": {}, "exclude": {}, "require": {}},
}
ISM_OF_THE_SERVER = frozenset({"policy_id", "last_updated_time", "schema_version", "user"})
"""Keys that the server adds to a policy of index state management."""
_RETRY = {"count": "3", "backoff": "exponential", "delay": "1m"}
_ISM_DEFAULTS: Mapping[str, Mapping[str, Any]] = {"rollover": {"copy_alias": "false"}}


def ilm(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form of a policy for Elasticsearch."""
    policy = body.get("policy") or body
    phases = {name: _phase(phase or {}) for name, phase in (policy.get("phases") or {}).items()}
    rest = {key: item for key, item in policy.items() if key != "phases"}
    return {**without(without_nothing(rest), {"deprecated": False}), "phases": phases}


def ism(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form of a policy for OpenSearch."""
    policy = body.get("policy") or body
    own = {key: item for key, item in policy.items() if key not in ISM_OF_THE_SERVER}
    templates = sorted((_ism_template(each) for each in listed(own.pop("ism_template", None))), key=str)
    states = [_state(each) for each in listed(own.pop("states", None))]
    return without_nothing({**own, "ism_template": templates, "states": states})


def sent_ism(policy: Mapping[str, Any]) -> dict[str, Any]:
    """Return a policy without the keys that the server added, because it rejects them in a request."""
    own = {key: item for key, item in policy.items() if key not in ISM_OF_THE_SERVER and item is not None}
    if own.get("ism_template"):
        own["ism_template"] = [
            {key: item for key, item in each.items() if key != "last_updated_time"}
            for each in listed(own["ism_template"])
        ]
    return own


def _phase(phase: Mapping[str, Any]) -> dict[str, Any]:
    actions = {
        name: without(measures(options or {}), _ILM_DEFAULTS.get(name, {}))
        for name, options in (phase.get("actions") or {}).items()
    }
    rest = measures({key: item for key, item in phase.items() if key != "actions"})
    return {"min_age": "0ms", **rest, "actions": actions}


def _ism_template(template: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "index_patterns": sorted(listed(template.get("index_patterns"))),
        "priority": scalar(template.get("priority") or 0),
    }


def _state(state: Mapping[str, Any]) -> dict[str, Any]:
    actions = [_action(each) for each in listed(state.get("actions"))]
    transitions = [without_nothing(measures(each)) for each in listed(state.get("transitions"))]
    return {"name": state.get("name"), "actions": actions, "transitions": transitions}


def _action(action: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        name: without(options, _ISM_DEFAULTS.get(name, {})) if isinstance(options, Mapping) else options
        for name, options in measures(action).items()
    }
    retry = found.get("retry") or {}
    if isinstance(retry, Mapping) and {**_RETRY, **retry} == _RETRY:
        found.pop("retry", None)
    return found
