"""The defaults of all kinds except pods, as the `defaults.go` of each API group in k8s.io/kubernetes sets them.

`defaults.py` explains the form. It also sets defaults that depend on other fields.
"""

from __future__ import annotations

from typing import Any

from deployments.sandbox.kubernetes.admission.pod_defaults import POD_SPEC

_TEMPLATE: dict[str, Any] = {"metadata": {}, "spec": POD_SPEC}

_CLAIM: dict[str, Any] = {"volumeMode": "Filesystem"}

_JOB: dict[str, Any] = {
    "backoffLimit": 6,
    "completionMode": "NonIndexed",
    "suspend": False,
    "podReplacementPolicy": "TerminatingOrFailed",
    "template": _TEMPLATE,
}

_ROLE_REF = {"apiGroup": "rbac.authorization.k8s.io"}

DEFAULTS: dict[str, dict[str, Any]] = {
    "Pod": {"spec": POD_SPEC | {"enableServiceLinks": True}},
    "PodTemplate": {"template": _TEMPLATE},
    "Deployment": {
        "spec": {
            "replicas": 1,
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
            "strategy": {"type": "RollingUpdate"},
            "template": _TEMPLATE,
        }
    },
    "ReplicaSet": {"spec": {"replicas": 1, "template": _TEMPLATE}},
    "ReplicationController": {"spec": {"replicas": 1, "template?": _TEMPLATE}},
    "StatefulSet": {
        "spec": {
            "replicas": 1,
            "revisionHistoryLimit": 10,
            "podManagementPolicy": "OrderedReady",
            "updateStrategy": {"type": "RollingUpdate"},
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
            "template": _TEMPLATE,
            "volumeClaimTemplates[]": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": _CLAIM},
        }
    },
    "DaemonSet": {
        "spec": {"revisionHistoryLimit": 10, "updateStrategy": {"type": "RollingUpdate"}, "template": _TEMPLATE}
    },
    "Job": {"spec": _JOB},
    "CronJob": {
        "spec": {
            "concurrencyPolicy": "Allow",
            "suspend": False,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 1,
            "jobTemplate": {"metadata": {}, "spec": {"template": _TEMPLATE}},
        }
    },
    "Service": {
        "spec": {"type": "ClusterIP", "sessionAffinity": "None", "ports[]": {"protocol": "TCP"}},
    },
    "Endpoints": {"subsets[]": {"ports[]": {"protocol": "TCP"}}},
    "EndpointSlice": {"ports[]": {"name": "", "protocol": "TCP"}},
    "Secret": {"type": "Opaque"},
    "PersistentVolumeClaim": {"spec": _CLAIM},
    "HorizontalPodAutoscaler": {"spec": {"minReplicas": 1}},
    "NetworkPolicy": {
        "spec": {
            "podSelector": {},
            "ingress[]": {"ports[]": {"protocol": "TCP"}},
            "egress[]": {"ports[]": {"protocol": "TCP"}},
        }
    },
    "RoleBinding": {"roleRef": _ROLE_REF},
    "ClusterRoleBinding": {"roleRef": _ROLE_REF},
    "PriorityClass": {"preemptionPolicy": "PreemptLowerPriority"},
    "StorageClass": {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"},
    "Lease": {},
    "CustomResourceDefinition": {"spec": {"conversion": {"strategy": "None"}}},
    "ValidatingAdmissionPolicy": {
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints?": {
                "matchPolicy": "Equivalent",
                "namespaceSelector": {},
                "objectSelector": {},
                "resourceRules[]": {"scope": "*"},
            },
        }
    },
    "ValidatingAdmissionPolicyBinding": {},
}
