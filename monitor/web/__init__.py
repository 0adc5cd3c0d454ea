"""The one listener for console, API and ingest: who may, what every answer carries, what is written down."""

from monitor.web.answers import refusal
from monitor.web.needs import Access
from monitor.web.roles import Identity, Role, identity, may
from monitor.web.web import Web

__all__ = ["Access", "Identity", "Role", "Web", "identity", "may", "refusal"]
