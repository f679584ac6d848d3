"""What an error of botocore means: the one table for every module that calls AWS.

An error is judged by its type, its code and its HTTP status, never by words in its message. Whatever AWS did not
answer, or answers differently the next time (throttling, trouble on its side, credentials that expired and are
replaced before the next attempt), is `Unanswered`; only what it will answer the same way again is `Refused`.

Sources: AWS's "Common error types" (of each API reference), the error codes of Amazon EC2, S3 and STS, and botocore's
own lists of transient and throttling errors (botocore/retries/standard.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from tasks.domain.errors import FlowmartError, Refused, Unanswered

AWS_ERRORS = (boto.BotoCoreError, boto.ClientError, ResponseParserError)
"""Everything that a call of boto3 raises; a response that makes no sense is none of botocore's own base types."""

AwsError = boto.BotoCoreError | boto.ClientError | ResponseParserError


class Meaning(StrEnum):
    """What an error says about the call, with what to do next."""

    BUSY = "AWS is busy or has a problem ({error}); retry later"
    NO_RESPONSE = "AWS did not respond ({error}); check the network and AWS_ENDPOINT_URL"
    EXPIRED = "the credentials expired ({error}); retry, the next attempt gets new ones"
    NO_CREDENTIALS = (
        "no usable AWS credentials here ({error}); set AWS_PROFILE or AWS_ACCESS_KEY_ID, or sign in (aws sso login)"
    )
    NOT_VALID = "AWS does not accept the credentials ({error}); sign in again"
    NOT_ALLOWED = "not allowed ({error}); check the role's trust and policies"
    REJECTED = "{error}"


UNANSWERED = frozenset({Meaning.BUSY, Meaning.NO_RESPONSE, Meaning.EXPIRED})
"""Meanings for which the same call may succeed the next time."""

_BUSY = (
    *("BandwidthLimitExceeded", "EC2ThrottledException", "IDPCommunicationError", "InternalError"),
    *("InternalFailure", "InternalServerError", "InternalServerException", "InternalServiceError"),
    *("InternalServiceException", "OperationInProgressException", "PriorRequestNotComplete"),
    *("ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled"),
    *("RequestThrottledException", "RequestTimeout", "RequestTimeoutException", "ServiceUnavailable"),
    *("ServiceUnavailableException", "SlowDown", "ThrottledException", "Throttling", "ThrottlingException"),
    *("TooManyRequestsException", "TransactionInProgressException", "Unavailable"),
)
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
_NOT_VALID = (
    *("AuthFailure", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidToken", "MissingAuthenticationToken"),
    *("NotAuthorized", "RequestTimeTooSkewed", "SignatureDoesNotMatch", "UnrecognizedClientException"),
)
_NOT_ALLOWED = ("AccessDenied", "AccessDeniedException", "Forbidden", "UnauthorizedOperation")

CODES: Mapping[str, Meaning] = {
    **dict.fromkeys(_BUSY, Meaning.BUSY),
    **dict.fromkeys(_EXPIRED, Meaning.EXPIRED),
    **dict.fromkeys(_NOT_VALID, Meaning.NOT_VALID),
    **dict.fromkeys(_NOT_ALLOWED, Meaning.NOT_ALLOWED),
}
"""Error code -> meaning. A code that is not here is a rejection, unless the HTTP status says otherwise."""

_TYPES: tuple[tuple[tuple[type[Exception], ...], Meaning], ...] = (
    (
        (
            boto.NoCredentialsError,
            boto.PartialCredentialsError,
            boto.CredentialRetrievalError,
            boto.ProfileNotFound,
            boto.SSOError,
            boto.TokenRetrievalError,
        ),
        Meaning.NO_CREDENTIALS,
    ),
    (
        (
            boto.HTTPClientError,
            boto.ConnectionError,
            boto.IncompleteReadError,
            boto.MetadataRetrievalError,
            boto.ReadTimeoutError,
            boto.ResponseStreamingError,
            ResponseParserError,
        ),
        Meaning.NO_RESPONSE,
    ),
)
"""Exceptions without an error code -> meaning, the first that fits. Others are mistakes of the caller: rejections."""


def meaning_of(error: AwsError) -> Meaning:
    """What an error means."""
    if isinstance(error, boto.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return meaning_of_code(code_of(error), status)
    return next((meaning for types, meaning in _TYPES if isinstance(error, types)), Meaning.REJECTED)


def meaning_of_code(code: str, status: int = 0) -> Meaning:
    """What an error code means, with the HTTP status that it came with; 0 where that is not known."""
    if found := CODES.get(code):
        return found
    return Meaning.BUSY if status >= 500 or status == 429 else Meaning.REJECTED


def code_of(error: AwsError) -> str:
    """AWS's error code; empty when AWS did not answer at all."""
    return str(error.response["Error"].get("Code", "")) if isinstance(error, boto.ClientError) else ""


def explained(error: AwsError, what: str) -> FlowmartError:
    """Our error for one of botocore's.

    Args:
        error: what the call raised.
        what: what was being done; it completes the sentence "could not ...".
    """
    meaning = meaning_of(error)
    sentence = f"could not {what}: {meaning.format(error=_shown(error))}"
    return Unanswered(sentence) if meaning in UNANSWERED else Refused(sentence)


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Turn botocore's errors into ours. `what` completes the sentence "could not ..."."""
    try:
        yield
    except AWS_ERRORS as error:
        raise explained(error, what) from error


def _shown(error: AwsError) -> str:
    if isinstance(error, boto.ClientError):
        return f"{code_of(error)}: {error.response['Error'].get('Message', '')}"
    return str(error)
