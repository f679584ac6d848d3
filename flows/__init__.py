"""The flows: the order of steps, and which step waits for which."""
