"""Refuses requests for services and operations that the sandbox's AWS does not emulate.

moto would respond with an internal error, which clients take for a temporary fault and retry for minutes. A refusal
names the operation and has the form of the request's protocol, so that every SDK can read its code and message.

https://smithy.io/2.0/aws/protocols/
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from flask import Flask, Request, Response, request
from werkzeug.exceptions import NotFound

CODE = "NotEmulated"
_STATUS = 400
# .../20260101/eu-west-1/ec2/aws4_request
_SCOPE = re.compile(r"Credential=[^/]+/\d+/[\w-]+/([\w-]+)/")
_EC2 = "<Response><Errors><Error>{}</Error></Errors><RequestID>none</RequestID></Response>"
_S3 = "<Error>{}<RequestId>none</RequestId></Error>"
_QUERY = "<ErrorResponse><Error><Type>Sender</Type>{}</Error><RequestId>none</RequestId></ErrorResponse>"
# Services that name operations by path and respond with XML. All others respond to such requests with JSON.
_XML_BY_PATH = ("s3", "route53", "cloudfront")


def refusing(create: Callable[[Any], Flask]) -> Callable[[str | None], Any]:
    """Wrap `create`, which makes the application of a service, so that refusals replace its internal errors.

    Args:
        create: makes the Flask application of a service, given moto's name of the service.

    Returns:
        A function that makes applications with refusals. For None, with which moto marks an unknown service, it makes
        an application that refuses every request.
    """

    def created(service: str | None) -> Any:
        if service is None:
            return lambda environ, start: refusal(Request(environ))(environ, start)
        application = create(service)
        application.register_error_handler(NotImplementedError, lambda error: refusal(request, str(error)))
        application.register_error_handler(NotFound, lambda _: refusal(request))
        return application

    return created


def refusal(asked: Request, why: str = "") -> Response:
    """Return the response to a request for something that is not emulated.

    Args:
        asked: the request.
        why: a reason to add to the message, if there is one.
    """
    service = _service(asked)
    message = ": ".join(filter(None, [f"not emulated: {service} {_operation(asked)}", why]))
    if _speaks_json(asked, service):
        text = json.dumps({"__type": CODE, "message": message})
        return Response(text, _STATUS, {"x-amzn-errortype": CODE}, "application/x-amz-json-1.1")
    form = {"ec2": _EC2, "s3": _S3}.get(service, _QUERY)
    error = f"<Code>{CODE}</Code><Message>{escape(message)}</Message>"
    return Response(form.format(error), _STATUS, mimetype="text/xml")


def _service(asked: Request) -> str:
    signed = _SCOPE.search(asked.headers.get("Authorization", ""))
    return signed.group(1) if signed else "AWS"


def _operation(asked: Request) -> str:
    target = asked.headers.get("X-Amz-Target", "").rpartition(".")[2]
    return target or asked.form.get("Action", "") or f"{asked.method} {asked.path}"


def _speaks_json(asked: Request, service: str) -> bool:
    if "X-Amz-Target" in asked.headers:
        return True
    return "Action" not in asked.form and service not in _XML_BY_PATH
