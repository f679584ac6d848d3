"""Formats that documents are held against."""
