"""The tables that the API server writes for `kubectl get`: the columns of each kind and their values."""
