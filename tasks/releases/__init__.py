"""Releases: content frozen by digest, archived in the store, checked out to work in."""
