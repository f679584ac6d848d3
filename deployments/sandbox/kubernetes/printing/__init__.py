"""Tables as the API server makes them for `kubectl get`: which columns a kind has, and what stands in them."""
