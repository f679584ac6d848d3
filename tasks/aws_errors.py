"""Classifies the errors of botocore, for every module that calls AWS.

An error is classified by its type, code and HTTP status, and by its message only where EC2 uses one code for two
meanings (`AuthFailure`). It is `Unanswered` if AWS did not
respond, or if a retry may succeed: after throttling, a problem on AWS's side, or expired credentials, which the next
attempt replaces. It is `Unequipped` if this machine has no login that AWS accepts. It is `Refused` if a retry would
fail in the same way.

Sources: AWS's "Common error types" (of each API reference), the error codes of Amazon EC2, S3 and STS, and botocore's
own lists of transient and throttling errors (botocore/retries/standard.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from json import JSONDecodeError

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from tasks import aws_codes
from tasks.domain.errors import FlowmartError, Refused, Throttled, Unanswered, Unequipped

AWS_ERRORS = (boto.BotoCoreError, boto.ClientError, ResponseParserError)
"""All exceptions that a boto3 call raises; ResponseParserError has neither of botocore's base types."""

AwsError = boto.BotoCoreError | boto.ClientError | ResponseParserError


class ErrorMeaning(StrEnum):
    """The classes of errors; each value is a message that suggests a remedy."""

    THROTTLED = "AWS is asked too often ({error}); retry later"
    BUSY = "AWS is busy or has a problem ({error}); retry later"
    NO_RESPONSE = "AWS did not respond ({error}); check the network and AWS_ENDPOINT_URL"
    EXPIRED = "the credentials expired ({error}); retry, the next attempt gets new ones"
    NO_CREDENTIALS = (
        "no usable AWS credentials here ({error}); set AWS_PROFILE or AWS_ACCESS_KEY_ID, or sign in (aws sso login)"
    )
    NOT_VALID = "AWS does not accept the credentials ({error}); sign in again"
    NOT_ALLOWED = "not allowed ({error}); check the role's trust and policies"
    REJECTED = "{error}"


HERE = frozenset({ErrorMeaning.NO_CREDENTIALS, ErrorMeaning.NOT_VALID})
"""Meanings that concern this machine, its login and its clock, and say nothing about the release."""

UNANSWERED = frozenset({ErrorMeaning.THROTTLED, ErrorMeaning.BUSY, ErrorMeaning.NO_RESPONSE, ErrorMeaning.EXPIRED})
"""Meanings for which a retry of the same call may succeed."""

_NOT_ALLOWED = (
    *("AccessDenied", "AccessDeniedException", "AuthFailure", "Forbidden", "NotAuthorized", "UnauthorizedOperation"),
)

CODES: Mapping[str, ErrorMeaning] = {
    **dict.fromkeys(aws_codes.THROTTLED, ErrorMeaning.THROTTLED),
    **dict.fromkeys(aws_codes.AT_FAULT, ErrorMeaning.BUSY),
    **dict.fromkeys(aws_codes.EXPIRED, ErrorMeaning.EXPIRED),
    **dict.fromkeys(aws_codes.NOT_VALID, ErrorMeaning.NOT_VALID),
    **dict.fromkeys(_NOT_ALLOWED, ErrorMeaning.NOT_ALLOWED),
}
"""Error code -> meaning. A code that is not listed is a rejection, unless the HTTP status says otherwise."""

_TYPES: tuple[tuple[tuple[type[Exception], ...], ErrorMeaning], ...] = (
    (
        (
            boto.NoCredentialsError,
            boto.PartialCredentialsError,
            boto.ConfigNotFound,
            boto.ConfigParseError,
            boto.CredentialRetrievalError,
            boto.InvalidConfigError,
            boto.ProfileNotFound,
            boto.SSOError,
            boto.TokenRetrievalError,
        ),
        ErrorMeaning.NO_CREDENTIALS,
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
        ErrorMeaning.NO_RESPONSE,
    ),
)
"""Exception types without an error code -> meaning; the first match counts.

Other types are bugs in the call: rejections.
"""


def meaning_of(error: AwsError) -> ErrorMeaning:
    """Classify an error of botocore."""
    if isinstance(error, boto.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return meaning_of_code(code_of(error), status, str(error.response["Error"].get("Message", "")))
    return next((meaning for types, meaning in _TYPES if isinstance(error, types)), ErrorMeaning.REJECTED)


def meaning_of_code(code: str, status: int = 0, message: str = "") -> ErrorMeaning:
    """Classify an error by its code and HTTP status, and `AuthFailure` by its message.

    Args:
        code: AWS's error code; may be empty.
        status: the HTTP status; 0 if it is not known.
        message: the message, or a text that contains it.
    """
    if code == "AuthFailure" and aws_codes.LOGIN_FAILED in message:
        return ErrorMeaning.NOT_VALID
    if found := CODES.get(code):
        return found
    if status == 429:
        return ErrorMeaning.THROTTLED
    return ErrorMeaning.BUSY if status >= 500 else ErrorMeaning.REJECTED


def code_of(error: AwsError) -> str:
    """Return AWS's error code; empty if AWS did not respond."""
    return str(error.response["Error"].get("Code", "")) if isinstance(error, boto.ClientError) else ""


def explained(error: AwsError, what: str) -> FlowmartError:
    """Return the product's error for one of botocore's.

    Args:
        error: what the call raised.
        what: the action that failed; it completes the sentence "could not ...".

    Returns:
        `Throttled`, another `Unanswered`, `Unequipped`, or `Refused`; to be raised by the caller.
    """
    meaning = meaning_of(error)
    sentence = f"could not {what}: {meaning.format(error=_shown(error))}"
    if meaning is ErrorMeaning.THROTTLED:
        return Throttled(sentence)
    if meaning in HERE:
        return Unequipped(sentence)
    return Unanswered(sentence) if meaning in UNANSWERED else Refused(sentence)


_UNCLOSED = ("No closing quotation", "No escaped character")
"""The messages of `shlex`, with which botocore splits a command into words."""


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Turn botocore's errors into the product's. `what` completes the sentence "could not ..."."""
    try:
        yield
    except AWS_ERRORS as error:
        raise explained(error, what) from error
    except JSONDecodeError as error:
        # botocore parses what the program of `credential_process` prints. It may hold secrets, so it is left out.
        raise _no_credentials(what, "credential_process printed something that is not JSON") from error
    except ValueError as error:
        if str(error) not in _UNCLOSED:
            raise
        raise _no_credentials(what, f"credential_process in the AWS configuration: {error}") from error


def _no_credentials(what: str, why: str) -> Unequipped:
    return Unequipped(f"could not {what}: {ErrorMeaning.NO_CREDENTIALS.format(error=why)}")


def _shown(error: AwsError) -> str:
    if isinstance(error, boto.ClientError):
        return f"{code_of(error)}: {error.response['Error'].get('Message', '')}"
    return str(error)
