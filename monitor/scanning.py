"""The scanning process with everything that it needs of other rooms: what `[watch]` means, to whom evidence is sealed. Started by the service
as `python -m monitor.scanning`.

The composition root of that process. It stands apart from `monitor.app` since that loads every stage, and this process is to stay small.
"""

from __future__ import annotations

import time
from typing import Any

from monitor.contracts import FindingEvent
from monitor.matcher import worker
from monitor.matcher.sealing import EvidenceMaker


def make_evidence(setup: dict[str, Any]) -> EvidenceMaker | None:
    """What the parent's setup asks for under `evidence` (see `monitor.app.matching`); None = nothing is sealed."""
    told = setup.get("evidence")
    if told is None:
        return None
    # here: without evidence nobody needs them
    from monitor.alerting.ownership import Ownership, WatchSettings
    from monitor.sealing import Recipient, Sealer

    ownership = Ownership(WatchSettings.model_validate(told["watch"]))

    def is_ours(event: FindingEvent) -> bool:
        # a brand's word alone stands beside a great many strangers' secrets
        return any(reason["kind"] != "brand" for reason in ownership.of(event).reasons)

    return EvidenceMaker(
        Sealer([Recipient.parse(text) for text in told["recipients"]]),
        is_ours,
        context_bytes=told["context_bytes"],
        per_second=told["per_second"],
        clock=time.monotonic,
    )


if __name__ == "__main__":
    worker.main(evidence=make_evidence)
