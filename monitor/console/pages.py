"""Templates to HTML. Every text that a template puts out passes `monitor.untrusted`, whoever wrote it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import resources
from typing import Any, Final

import jinja2
from aiohttp import web
from markupsafe import Markup

from monitor.console import words
from monitor.untrusted import Sink, untrusted

_LIMIT: Final = 2000  # characters of one text on a page
_NAMES: Final = (
    "coverage.html",
    "exposure.html",
    "exposures.html",
    "login.html",
    "message.html",
    "rules.html",
    "strip.html",
)
_STATIC: Final[Mapping[str, str]] = {
    "console.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "style.css": "text/css",
}


class Pages:
    """The templates and static files, read once (blocks on reading local files); `show` never blocks. Thread-safe."""

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
        folder = resources.files("monitor.console") / "static"
        self._static = {name: (folder / name).read_bytes() for name in _STATIC}
        environment.globals["version"] = hashlib.sha256(b"".join(self._static.values())).hexdigest()[:12]
        environment.filters |= {
            "clock": words.clock,
            "span": words.span,
            "ago": words.ago,
            "share": words.share,
        }
        self._templates = {name: environment.get_template(name) for name in _NAMES}

    def text(self, name: str, values: Mapping[str, Any]) -> str:
        """Of a page, or of a piece of one."""
        return self._templates[name].render(values)

    def show(self, name: str, values: Mapping[str, Any], *, status: int = 200) -> web.Response:
        return web.Response(text=self.text(name, values), status=status, content_type="text/html")

    def static(self, name: str) -> web.Response:
        """A style sheet, a script, a picture. Pages name them with a version, so that a browser may keep them. Raises LookupError."""
        if name not in self._static:
            raise LookupError(f"there is no file {name}")
        answer = web.Response(body=self._static[name], content_type=_STATIC[name], charset="utf-8")
        answer.headers["Cache-Control"] = "public, max-age=86400"
        return answer


def _harmless(value: Any) -> Any:
    """What Jinja does with every value before it is put out; text of the templates themselves does not come here."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return Markup(untrusted(value, Sink.HTML, limit=_LIMIT))  # noqa: S704 - escaped right there
    return value
