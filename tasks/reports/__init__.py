"""Builds the reports of runs: Markdown artifacts for the run history, and reports of pull requests for GitHub."""
