"""Terraform roots."""
