"""The engine for Kustomize overlays."""
