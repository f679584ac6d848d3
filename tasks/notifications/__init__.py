"""Notifies people through any service that Apprise supports."""
