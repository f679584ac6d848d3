"""The demo: `python -m deployments.demo` tells the story; its releases, and what it does besides the product."""
