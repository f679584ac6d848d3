"""A Kubernetes cluster, as far as engines and smoke checks share it; which tool put things there is not known here.

Pure: `documents` reads YAML as the tools do, `objects` names and orders manifests, `comparison` finds what differs
between two of them, `ownership` whose an object and its fields are, `readiness` judges a live object.

`access` reaches the API with the official client, and `discovery` knows its kinds. On them stand `placement` (where
an object lives), `rehearsal` (what it would become), `quotas` (whether there is room), `waiting`, and `rollouts`
(why a workload does not get ready).
"""
