"""The real things that the sandbox imitates, built from source where they can be: tests hold both to the same."""
