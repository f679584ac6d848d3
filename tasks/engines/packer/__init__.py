"""Packer images."""
