"""Wrong deliveries as findings: one an event, all of one webhook one leak. Nothing is scanned: the source has judged, what it tells are digests
and words of closed sets. Here they come under the fingerprint key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.contracts import Document, FindingEvent, InvalidRecord, Place
from monitor.identity import WEAK_BELOW_BITS, KeyRing, place_id
from monitor.misdelivery import FAMILY, MEDIA_TYPE, SOURCE, Kind, Why, read

_KINDS: Mapping[Kind, str] = {
    Kind.MESSAGE: "a direct message",
    Kind.TYPING: "somebody typing a direct message",
    Kind.READ: "a direct message being read",
    Kind.FOLLOW: "a follow",
    Kind.BLOCK: "a block",
    Kind.MUTE: "a mute",
    Kind.TEXT: "a text",
}
_WHYS: Mapping[Why, str] = {
    Why.SUBSCRIPTION: "made for a subscription that is not ours",
    Why.PARTY: "between people whom the subscription may not be about",
    Why.PROTECTED: "whose author shows it to followers only",
}


def is_wrong_delivery(metadata: Mapping[str, Any]) -> bool:
    """Whether a document is to be read here. Only the source's own word counts: others may write any media type."""
    return metadata.get("media_type") == MEDIA_TYPE and metadata["source"] == SOURCE


def events(document: Document, keys: KeyRing, *, now: float) -> list[FindingEvent]:
    """One for each wrong delivery. Raises InvalidRecord."""
    try:
        webhook, found = read(document.content)
    except ValueError as error:
        raise InvalidRecord("malformed") from error
    leak = keys.leak(FAMILY, webhook.encode(), bits=WEAK_BELOW_BITS)
    fingerprint = next(iter(leak.values()))
    made = []
    for each in found:
        place = Place(forge=SOURCE, repository=f"deliveries/{webhook}", path=f"{each.kind}/{each.event}")
        made.append(
            FindingEvent(
                leak=leak,
                place_id=place_id(
                    forge=place.forge,
                    where=place.repository,
                    blob_sha="",
                    path=place.path,
                    leak=fingerprint,
                    occurrence=0,
                ),
                rule=FAMILY,
                provider=FAMILY,
                family=FAMILY,
                title=f"People's private data was delivered to the wrong place: webhook {webhook}",
                severity="critical",
                confidence="high",
                verdict="proved",
                check="signed-delivery",
                preview="",
                snippet=f"{_KINDS[each.kind]} {_WHYS[each.why]}",
                source=document.source,
                document_id=document.id,
                matched_at=now,
                fetched_at=document.fetched_at,
                published_at=each.at,
                trace_id=document.trace_id,
                mode=document.mode,
                place=place,
                facts={"webhook": webhook},
                people=tuple(keys.digest("person", person.encode()) for person in each.people),
                revoke="End the subscription or the webhook that brings it",
            )
        )
    return made
