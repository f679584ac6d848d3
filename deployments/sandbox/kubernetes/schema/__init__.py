"""What Kubernetes' kinds look like: its published definitions, cut to what is served, and the types made of them."""
