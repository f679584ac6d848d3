"""What AWS's errors mean, as the codes, statuses and exception types that botocore gives."""

from __future__ import annotations

from typing import Any

import pytest
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from tasks import aws, aws_errors
from tasks.domain.errors import FlowmartError, Refused, Unanswered, Unequipped

INVALID_LOGIN = "AWS was not able to validate the provided access credentials"


def answer(code: str, status: int = 400, message: str = "why") -> boto.ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return boto.ClientError(response, "Anything")


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (answer("AccessDenied", 403), Refused, "not allowed"),
        (answer("UnauthorizedOperation", 403), Refused, "not allowed"),
        (answer("AuthFailure", 403, "Not authorized for images: [ami-0abc]"), Refused, "not allowed"),
        (answer("AuthFailure", 401, INVALID_LOGIN), Unequipped, "sign in again"),
        (answer("NotAuthorized", 400), Refused, "not allowed"),
        (answer("ExpiredToken", 403), Unanswered, "the next attempt gets new ones"),
        (answer("ExpiredTokenException", 400), Unanswered, "the next attempt gets new ones"),
        (answer("RequestExpired", 400), Unanswered, "the next attempt gets new ones"),
        (answer("InvalidClientTokenId", 403), Unequipped, "sign in again"),
        (answer("ThrottlingException"), Unanswered, "retry later"),
        (answer("RequestLimitExceeded", 503), Unanswered, "retry later"),
        (answer("SlowDown", 503), Unanswered, "retry later"),
        (answer("InternalError", 200), Unanswered, "retry later"),
        (answer("OperationInProgressException"), Unanswered, "retry later"),
        (answer("Whatever", 500), Unanswered, "retry later"),
        (answer("Whatever", 429), Unanswered, "retry later"),
        (answer("ValidationError"), Refused, "ValidationError: why"),
        (answer("LimitExceededException"), Refused, "LimitExceededException: why"),
        (ResponseParserError("not well-formed"), Unanswered, "did not respond"),
        (boto.EndpointConnectionError(endpoint_url="http://x"), Unanswered, "check the network"),
        (boto.ConnectTimeoutError(endpoint_url="http://x"), Unanswered, "check the network"),
        (boto.ReadTimeoutError(endpoint_url="http://x"), Unanswered, "check the network"),
        (boto.ConnectionClosedError(endpoint_url="http://x"), Unanswered, "check the network"),
        (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), Unanswered, "check the network"),
        (boto.NoCredentialsError(), Unequipped, "sign in"),
        (boto.ProfileNotFound(profile="x"), Unequipped, "set AWS_PROFILE"),
        (boto.UnauthorizedSSOTokenError(), Unequipped, "aws sso login"),
        (boto.InvalidConfigError(error_msg="x"), Unequipped, "no usable AWS credentials here"),
        (boto.ConfigParseError(path="x"), Unequipped, "no usable AWS credentials here"),
        (answer("RequestTimeTooSkewed", 403), Unequipped, "does not accept the credentials"),
        (boto.ParamValidationError(report="x"), Refused, "Parameter validation failed"),
    ],
)
def test_an_error_means_the_same_everywhere(error: Any, kind: type[FlowmartError], words: str) -> None:
    with pytest.raises(kind, match=r"^could not read the table: ") as raised, aws.asking("read the table"):
        raise error
    assert words in str(raised.value)


@pytest.mark.parametrize("code", sorted(aws_errors.CODES))
def test_a_known_code_counts_more_than_the_status_that_it_came_with(code: str) -> None:
    assert aws_errors.meaning_of(answer(code, 503)) is aws_errors.CODES[code]
