"""What runs report: Markdown artifacts for the run history, and reports of pull requests for GitHub."""
