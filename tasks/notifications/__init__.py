"""Notifications to people who are not watching."""
