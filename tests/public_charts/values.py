"""Values without which a chart renders to nothing or refuses: what its users have to give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

VALUES: Mapping[str, Mapping[str, Any]] = {
    "cert-manager/cert-manager/deploy/charts/cert-manager": {"crds": {"enabled": True}},
}
