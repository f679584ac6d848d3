"""A Kubernetes cluster, as far as engines and smoke checks share it; which tool put things there is not known here.

`objects` names and orders manifests, `comparison` finds what differs between two of them, `readiness` judges a live
object; all three are pure. `access` reaches the API with the official client, and `rollouts` asks it why a workload
does not get ready.
"""
