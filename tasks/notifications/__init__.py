"""Notifications to people, through any service that Apprise knows."""
