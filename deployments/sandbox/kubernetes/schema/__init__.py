"""The schemas of Kubernetes' kinds: the published definitions, reduced to what is served, and types built on them."""
