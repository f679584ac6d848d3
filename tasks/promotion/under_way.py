"""The events that tell what units are at right now. They are logged at debug level, for whoever shows progress."""

from __future__ import annotations

LOGGER = "flowmart.promotion"
"""Who logs them. Others may log words like these, too."""

BEGAN = "began"
"""A verb began; with `verb`, and `usual`: seconds that the last apply took, where that is known."""

QUEUED = "waits for its turn"
"""The unit is ready, but as many others as may be are worked on."""

RESUMED = "has its turn"
"""It was queued, and is worked on now."""

ENDED = "ended"
"""A verb ended; with `verb` and `seconds`."""

AWAITS = "waits for others"
"""The unit is applied once those in `needs` are good."""
