"""GitLab: its API, what changed in projects, commits and snippets."""
