"""The defaults of pods, as k8s.io/kubernetes `pkg/apis/core/v1/defaults.go` sets them.

`defaults.py` explains the form.
"""

from __future__ import annotations

from typing import Any

_HTTP_GET = {"path": "/", "scheme": "HTTP"}

_PROBE: dict[str, Any] = {
    "timeoutSeconds": 1,
    "periodSeconds": 10,
    "successThreshold": 1,
    "failureThreshold": 3,
    "httpGet?": _HTTP_GET,
    "grpc?": {"service": ""},
}

_HANDLER = {"httpGet?": _HTTP_GET}

_CONTAINER: dict[str, Any] = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "resources": {},
    "ports[]": {"protocol": "TCP"},
    "livenessProbe?": _PROBE,
    "readinessProbe?": _PROBE,
    "startupProbe?": _PROBE,
    "lifecycle?": {"postStart?": _HANDLER, "preStop?": _HANDLER},
    "env[]": {"valueFrom?": {"fieldRef?": {"apiVersion": "v1"}}},
}

_DOWNWARD = {"items[]": {"fieldRef?": {"apiVersion": "v1"}}}

_VOLUME: dict[str, Any] = {
    "secret?": {"defaultMode": 420},
    "configMap?": {"defaultMode": 420},
    "downwardAPI?": {"defaultMode": 420, **_DOWNWARD},
    "hostPath?": {"type": ""},
    "projected?": {
        "defaultMode": 420,
        "sources[]": {"serviceAccountToken?": {"expirationSeconds": 3600}, "downwardAPI?": _DOWNWARD},
    },
}

POD_SPEC: dict[str, Any] = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
    "containers[]": _CONTAINER,
    "initContainers[]": _CONTAINER,
    "volumes[]": _VOLUME,
}
