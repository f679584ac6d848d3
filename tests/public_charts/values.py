"""Values without which a chart renders to nothing or refuses: what its users have to give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

VALUES: Mapping[str, Mapping[str, Any]] = {
    "cert-manager/cert-manager/deploy/charts/cert-manager": {"crds": {"enabled": True}},
    "grafana-community/helm-charts/charts/tempo": {"persistence": {"enabled": False}},
    "grafana-community/helm-charts/charts/tempo-vulture": {
        "tempoAddress": {"push": "http://tempo:4317", "query": "http://tempo:3200"}
    },
    "kubernetes-sigs/external-dns/charts/external-dns": {"policy": "upsert-only"},
}
