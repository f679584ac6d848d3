"""AWS error codes that several tables share. Modules that only read texts need no AWS library to use them."""

from __future__ import annotations

THROTTLED = frozenset(
    {
        *("BandwidthLimitExceeded", "EC2ThrottledException", "PriorRequestNotComplete"),
        *("ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled"),
        *("RequestThrottledException", "SlowDown", "ThrottledException", "Throttling", "ThrottlingException"),
        *("TooManyRequestsException", "TransactionInProgressException"),
    }
)
"""Error codes with which AWS reports throttling."""

SDK_V2 = r"api error (\w+)|RequestID: [\w+/=-]*, (?:HostID: [\w+/=-]*, )?(?!HostID: )(\w+): "
"""How version 2 of the SDK for Go writes an error's code: with and without a type for the error."""

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
"""Error codes for short-lived credentials that expired. The next attempt gets new ones."""

NOT_VALID = frozenset(
    {
        *("InvalidAccessKeyId", "InvalidClientTokenId", "InvalidToken", "MissingAuthenticationToken"),
        *("RequestTimeTooSkewed", "SignatureDoesNotMatch", "UnrecognizedClientException"),
    }
)
"""Error codes for a login that AWS does not accept, or for a wrong clock. They say nothing about the release."""

LOGIN_FAILED = "not able to validate the provided access credentials"
"""EC2's message for `AuthFailure` if the login is not valid. With others, it does not allow the action."""

AT_FAULT = frozenset(
    {
        *("IDPCommunicationError", "InternalError", "InternalFailure", "InternalServerError"),
        *("InternalServerErrorException", "InternalServerException", "InternalServiceError"),
        *("InternalServiceException", "KMSInternalException", "OperationInProgressException", "RequestTimeout"),
        *("RequestTimeoutException", "ServerException", "ServiceException", "ServiceFailure"),
        *("ServiceFailureException", "ServiceUnavailable", "ServiceUnavailableException", "Unavailable"),
    }
)
"""Error codes with which AWS reports a problem on its side."""
