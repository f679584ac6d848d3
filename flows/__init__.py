"""The order of things: which step waits for which."""
