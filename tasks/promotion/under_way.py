"""Names of the log events that say what each unit is doing now, logged at debug level to show progress."""

from __future__ import annotations

LOGGER = "flowmart.promotion"
"""The logger of these events. Other loggers may use the same words."""

BEGAN = "began"
"""A verb started. Fields: `verb`, and `usual`: seconds that the last apply took, if known."""

QUEUED = "waits for its turn"
"""The unit is ready, but the limit of units worked on at the same time is reached."""

RESUMED = "has its turn"
"""The unit was queued, and is worked on now."""

ENDED = "ended"
"""A verb ended. Fields: `verb` and `seconds`."""

AWAITS = "waits for others"
"""The unit is applied once the units in `needs` have passed their checks."""
