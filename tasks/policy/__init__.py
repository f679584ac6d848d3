"""Evaluates policies in Rego over plans."""
