"""Policies in Rego, evaluated over plans."""
