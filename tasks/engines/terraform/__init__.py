"""The engine for terraform and OpenTofu roots."""
