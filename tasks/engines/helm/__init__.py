"""The engine for Helm charts."""
