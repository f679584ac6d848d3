"""The stand-in for Terraform's AWS provider says in the real one's words that a request got no answer."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)

from deployments.sandbox.aws_provider.aws import describe
from tasks.engines.terraform.diagnostics import Diagnostic
from tasks.engines.terraform.errors import is_unanswered

WHERE = "http://127.0.0.1:1/"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionClosedError(endpoint_url=WHERE), f'Post "{WHERE}": EOF'),
        (EndpointConnectionError(endpoint_url=WHERE), "connection refused"),
        (ConnectTimeoutError(endpoint_url=WHERE), "i/o timeout"),
        (ReadTimeoutError(endpoint_url=WHERE), "Client.Timeout"),
        (HTTPClientError(error="reset"), "connection reset by peer"),
    ],
)
def test_a_request_without_an_answer_reads_as_the_sdk_for_go_words_it(error: Exception, words: str) -> None:
    said = describe(error, "logs")
    assert said.startswith("operation error CloudWatch Logs: exceeded maximum number of attempts, 3, https response")
    assert words in said
    assert is_unanswered(Diagnostic("error", f"reading log group: {said}"))
