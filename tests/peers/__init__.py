"""The real tools that tests run, and where they are."""
