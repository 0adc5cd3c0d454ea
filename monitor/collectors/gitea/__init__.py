"""Gitea and Forgejo: their API, feeds and commits."""
