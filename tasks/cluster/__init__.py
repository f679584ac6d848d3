"""A Kubernetes cluster, as engines and smoke checks share it. Nothing here knows which tool created an object.

These modules are pure: `documents` reads YAML as the tools do, `objects` names and orders manifests, `comparison`
compares two of them. `ownership` decides who owns an object and its fields, and `readiness` judges a live object.

`access` reaches the API with the official client, and `discovery` knows its kinds. The rest builds on them:
`placement` (where an object lives), `rehearsal` (what it would become), `quotas` (whether there is room), `waiting`,
and `rollouts` (why a workload does not become ready).
"""
