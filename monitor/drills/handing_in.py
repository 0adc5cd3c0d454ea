"""Plants by POST /ingest/v1/documents, with a token of a sender, as any sender does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from monitor.drills.planting import FILE_NAME, Ground, NotPlanted, Planting
from monitor.http import HttpClient, HttpError

_PATIENCE: Final = 15.0  # seconds
_WHY: Final = {
    401: "ingest does not know this token: [[sources.ingest.tokens]] of the running service has another",
    404: "nobody takes documents there: the running service has no [sources.ingest]",
    429: "more than this token's rate",
    503: "ingest is busy, or the bus takes nothing now",
}


class IngestPlanter:
    """`url` is asked when it plants: the address of a listener that is bound by then."""

    def __init__(self, http: HttpClient, url: Callable[[], str], token: str, ground: Ground) -> None:
        self.ground = ground
        self._http = http
        self._url = url
        self._token = token

    async def plant(self, planting: Planting) -> dict[str, Any]:
        place = {
            "id": f"drill-{planting.trace}",
            "published_at": repr(planting.at),
            "path": FILE_NAME,
            "forge": self.ground.forge,
            "owner": self.ground.owner,
            "repository": self.ground.repository,
        }
        query = urlencode({name: value for name, value in place.items() if value})
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "text/plain",
            "traceparent": f"00-{planting.trace}-{planting.trace[:16]}-01",
        }
        url = f"{self._url()}/ingest/v1/documents?{query}"
        try:
            answer = await self._http.request(
                "POST", url, headers=headers, body=planting.content, timeout=_PATIENCE
            )
        except HttpError as error:
            raise NotPlanted(f"ingest does not answer: {error}; is the service running?") from None
        if answer.status != 202:
            why = _WHY.get(answer.status, "ingest refused it")
            raise NotPlanted(f"{why} (HTTP status {answer.status})")
        return {"on_bus": True, "repository": self.ground.repository, "forge": self.ground.forge}
