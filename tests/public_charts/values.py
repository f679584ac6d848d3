"""Values without which a chart renders to nothing or refuses: what its users have to give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OWN_CERTIFICATE = {"admissionWebhooks": {"certManager": {"enabled": False}, "autoGenerateCert": {"enabled": True}}}

VALUES: Mapping[str, Mapping[str, Any]] = {
    "cert-manager/cert-manager/deploy/charts/cert-manager": {"crds": {"enabled": True}},
    "grafana-community/helm-charts/charts/tempo": {"persistence": {"enabled": False}},
    "grafana-community/helm-charts/charts/tempo-vulture": {
        "tempoAddress": {"push": "http://tempo:4317", "query": "http://tempo:3200"}
    },
    "istio/istio/manifests/charts/base": {"global": {"istioNamespace": "public"}},
    "istio/istio/manifests/charts/istio-control/istio-discovery": {"global": {"istioNamespace": "public"}},
    "kubernetes-sigs/external-dns/charts/external-dns": {"policy": "upsert-only"},
    "open-telemetry/opentelemetry-helm-charts/charts/opentelemetry-collector": {
        "image": {"repository": "otel/opentelemetry-collector-k8s"},
        "mode": "deployment",
    },
    "open-telemetry/opentelemetry-helm-charts/charts/opentelemetry-kube-stack": {
        "opentelemetry-operator": _OWN_CERTIFICATE
    },
    "open-telemetry/opentelemetry-helm-charts/charts/opentelemetry-operator": _OWN_CERTIFICATE,
}
