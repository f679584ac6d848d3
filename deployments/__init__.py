"""The entry points of the product: the command line, the sandbox, the server and GitHub's webhooks."""
