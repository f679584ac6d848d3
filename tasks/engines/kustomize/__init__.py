"""Kustomize overlays."""
