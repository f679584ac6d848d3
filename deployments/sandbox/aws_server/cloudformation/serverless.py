"""Applies the transform AWS::Serverless-2016-10-31 (SAM), with the library that AWS itself uses.

Source: https://github.com/aws/serverless-application-model
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import boto3
from moto.iam.models import iam_backends

from deployments.sandbox.aws_server.cloudformation.intrinsics import as_text, refuse

SERVERLESS = "AWS::Serverless-2016-10-31"


def expanded(document: Mapping[str, Any], values: Mapping[str, Any], account: str, region: str) -> dict[str, Any]:
    """Return the template with its SAM resources expanded.

    Args:
        document: the template, with its loops expanded.
        values: the values of its parameters.
        account: the account of the stack.
        region: the region of the stack.

    Raises:
        ValidationError: SAM rejects the template.
    """
    # Import lazily, because the import takes more than a second and few templates need it.
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    def managed() -> dict[str, str]:
        policies = iam_backends[account]["aws"].managed_policies.values()
        return {policy.name: policy.arn for policy in policies}

    translator = Translator(None, Parser(), boto_session=boto3.Session(region_name=region))
    texts = {name: as_text(value) for name, value in values.items()}
    # Copy the document, because the translator changes its input.
    own = json.loads(json.dumps(document))
    try:
        found: dict[str, Any] = translator.translate(own, parameter_values=texts, get_managed_policy_map=managed)
    except InvalidDocumentException as error:
        why = " ".join([error.message, *(cause.message for cause in error.causes)])
        raise refuse(f"Transform {SERVERLESS} failed with: {why}") from error
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]
