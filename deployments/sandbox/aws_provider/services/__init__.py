"""The types that the stand-in emulates: how each is made, read, changed and removed in AWS."""
