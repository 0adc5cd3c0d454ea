"""Templates to HTML. Every text that a template puts out passes `monitor.untrusted`, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any, Final

import jinja2
from aiohttp import web
from markupsafe import Markup

from monitor.untrusted import Sink, untrusted

_LIMIT: Final = 2000  # characters of one text on a page
_NAMES: Final = ("exposures.html", "exposure.html", "login.html", "message.html")


class Pages:
    """The templates, read once (blocks on reading local files); `show` never blocks. Thread-safe."""

    def __init__(self) -> None:
        environment = jinja2.Environment(
            loader=jinja2.PackageLoader("monitor.console"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            finalize=_harmless,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates = {name: environment.get_template(name) for name in _NAMES}
        self.style = (resources.files("monitor.console") / "static" / "style.css").read_bytes()

    def show(self, name: str, values: Mapping[str, Any], *, status: int = 200) -> web.Response:
        text = self._templates[name].render(values)
        return web.Response(text=text, status=status, content_type="text/html")


def _harmless(value: Any) -> Any:
    """What Jinja does with every value before it is put out; text of the templates themselves does not come here."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return Markup(untrusted(value, Sink.HTML, limit=_LIMIT))  # noqa: S704 - escaped right there
    return value
