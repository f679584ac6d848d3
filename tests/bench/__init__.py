"""Speed, measured and printed; nothing here is a test, since no test depends on time."""
