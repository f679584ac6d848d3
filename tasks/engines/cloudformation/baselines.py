"""Record what a stack was before our first apply, and turn the record back into a source. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.domain.release import Baseline
from tasks.engines.cloudformation.documents import declared, document_of, is_hidden
from tasks.engines.cloudformation.packaging import Bucket, sent
from tasks.engines.cloudformation.sources import Source


def recorded(stack: Mapping[str, Any], template: str, policy: Mapping[str, Any] | None) -> Baseline:
    """Record a described stack with its template and stack policy.

    CloudFormation does not show the values of NoEcho parameters. They are recorded as None: "keep the present value".
    """
    slots = declared(document_of(template))
    values = {item["ParameterKey"]: item.get("ParameterValue") for item in stack.get("Parameters", ())}
    data = {
        "stack": stack["StackName"],
        "template": template,
        "parameters": {key: None if is_hidden(slots.get(key, {})) else value for key, value in values.items()},
        "tags": {tag["Key"]: tag["Value"] for tag in stack.get("Tags", ())},
        "capabilities": list(stack.get("Capabilities", ())),
        "policy": policy,
        "protected": bool(stack.get("EnableTerminationProtection")),
    }
    return Baseline(f"existing stack {stack['StackName']}, {stack['StackStatus']}", data)


def source_of(baseline: Baseline, bucket: Bucket) -> Source:
    """Return the source for a change set back to the baseline."""
    data = baseline.data
    return Source(
        stack=data["stack"],
        package=sent(data["template"], bucket, f"the adopted template of stack {data['stack']}"),
        document=document_of(data["template"]),
        parameters=data["parameters"],
        tags=data["tags"],
        capabilities=tuple(data["capabilities"]),
        policy=data["policy"],
        protected=data["protected"],
    )


def not_restored(baseline: Baseline) -> tuple[str, ...]:
    """Describe what a change set back to the baseline cannot restore."""
    return tuple(
        f"parameter {name} keeps the value it has now: CloudFormation does not show its earlier one (NoEcho)"
        for name, value in baseline.data["parameters"].items()
        if value is None
    )
