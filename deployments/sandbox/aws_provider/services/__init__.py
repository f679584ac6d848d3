"""The types that the stand-in emulates, with the calls that create, read, change and delete their objects in AWS."""
