"""Format elapsed time as kubectl does: 45s, 3m12s, 5h, 2d."""

from __future__ import annotations

import time

from deployments.sandbox.kubernetes.objects import seconds_of


def since(moment: str | None) -> str:
    """Format the time since `moment`, which is RFC 3339. Without a moment, return "<unknown>"."""
    return "<unknown>" if not moment else duration(time.time() - seconds_of(moment))


def duration(seconds: float) -> str:
    """Format seconds as k8s.io/apimachinery's `duration.HumanDuration` does."""
    whole = max(int(seconds), 0)
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if whole < 120:
        return f"{whole}s"
    if minutes < 10:
        return f"{minutes}m" + (f"{whole % 60}s" if whole % 60 else "")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h" + (f"{minutes % 60}m" if minutes % 60 else "")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d" + (f"{hours % 24}h" if hours % 24 else "")
    return f"{days}d" if days < 730 else f"{days // 365}y"
