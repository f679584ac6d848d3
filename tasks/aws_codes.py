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
