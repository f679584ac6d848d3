"""IAM policies that are written in HCL and built without calls to AWS (data aws_iam_policy_document).

The layout of the text is the real provider's (internal/service/iam/policy_model.go). It indents by two spaces, writes
a list of one element as a string, and sorts lists in descending order.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import COMPUTED, PLAIN, Arg, frozen
from deployments.sandbox.aws_provider.resource import DataSource
from deployments.sandbox.aws_provider.values import Values

_LISTS = {"actions": "Action", "not_actions": "NotAction", "resources": "Resource", "not_resources": "NotResource"}


class PolicyDocument(DataSource):
    """aws_iam_policy_document."""

    type = "aws_iam_policy_document"
    service = "iam"
    label = "IAM Policy Document"
    args = frozen(
        {
            "id": COMPUTED,
            "policy_id": PLAIN,
            "version": Arg(default="2012-10-17"),
            "override_policy_documents": PLAIN,
            "source_policy_documents": PLAIN,
            "statement.effect": Arg(default="Allow"),
            "statement.*": PLAIN,
            "statement.condition.*": PLAIN,
            "statement.principals.*": PLAIN,
            "statement.not_principals.*": PLAIN,
        }
    )

    @override
    def read(self, place: Place, config: Values, filled: Values) -> Values:
        sources = [json.loads(text) for text in config["source_policy_documents"] or [] if text]
        overrides = [json.loads(text) for text in config["override_policy_documents"] or [] if text]
        statements = [statement for source in sources for statement in _statements(source)]
        statements += [_statement(block) for block in filled["statement"]]
        for overriding in overrides:
            statements = _override(statements, _statements(overriding))
        document = {"Version": filled["version"], "Id": config["policy_id"], "Statement": statements}
        document = {key: value for key, value in document.items() if value}
        text = json.dumps(document, indent=2)
        minified = json.dumps(document, separators=(",", ":"))
        return {"id": str(zlib.crc32(text.encode())), "json": text, "minified_json": minified}


def _statements(document: Any) -> list[Any]:
    statements = document.get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def _override(statements: list[Any], overriding: list[Any]) -> list[Any]:
    """Replace statements by those with the same Sid, and append statements with a new Sid or none."""
    replaced = {statement["Sid"]: statement for statement in overriding if statement.get("Sid")}
    kept = [replaced.pop(statement.get("Sid"), statement) for statement in statements]
    return kept + [s for s in overriding if not s.get("Sid") or s["Sid"] in replaced]


def _statement(block: Values) -> Values:
    statement: Values = {"Sid": block["sid"], "Effect": block["effect"]}
    statement |= {api: _text(_lone(block[name])) for name, api in _LISTS.items() if block[name]}
    statement["Principal"] = _principals(block["principals"])
    statement["NotPrincipal"] = _principals(block["not_principals"])
    statement["Condition"] = _conditions(block["condition"])
    return {key: value for key, value in statement.items() if value}


def _lone(values: list[str]) -> Any:
    return values[0] if len(values) == 1 else sorted(values, reverse=True)


def _text(value: Any) -> Any:
    # "${" is Terraform's syntax, so policies write "&{" for a variable of AWS.
    return [_text(part) for part in value] if isinstance(value, list) else value.replace("&{", "${")


def _principals(blocks: list[Values]) -> Any:
    gathered: dict[str, list[str]] = {}
    for block in blocks or []:
        if block["type"] == "*" and block["identifiers"] == ["*"]:
            return "*"
        gathered.setdefault(block["type"], []).extend(block["identifiers"])
    return {kind: _lone(identifiers) for kind, identifiers in sorted(gathered.items())}


def _conditions(blocks: list[Values]) -> Any:
    conditions: dict[str, dict[str, list[str]]] = {}
    for block in sorted(blocks or [], key=lambda each: (each["test"], each["variable"])):
        values = conditions.setdefault(block["test"], {}).setdefault(block["variable"], [])
        values.extend(block["values"])
    return {
        test: {variable: _text(values[0] if len(values) == 1 else values) for variable, values in variables.items()}
        for test, variables in conditions.items()
    }
