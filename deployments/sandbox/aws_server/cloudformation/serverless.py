"""The transform AWS::Serverless-2016-10-31 (SAM), by the library with which AWS itself does it.

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
    """The template with what SAM makes of its resources.

    Args:
        document: the template, loops written out.
        values: its parameters.
        account: where the stack is, and
        region: in which region.

    Raises:
        ValidationError: SAM refuses the template.
    """
    # Importing it takes more than a second, which only those wait for who use it.
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    def managed() -> dict[str, str]:
        policies = iam_backends[account]["aws"].managed_policies.values()
        return {policy.name: policy.arn for policy in policies}

    translator = Translator(None, Parser(), boto_session=boto3.Session(region_name=region))
    texts = {name: as_text(value) for name, value in values.items()}
    # It changes what it is given.
    own = json.loads(json.dumps(document))
    try:
        found: dict[str, Any] = translator.translate(own, parameter_values=texts, get_managed_policy_map=managed)
    except InvalidDocumentException as error:
        why = " ".join([error.message, *(cause.message for cause in error.causes)])
        raise refuse(f"Transform {SERVERLESS} failed with: {why}") from error
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]
