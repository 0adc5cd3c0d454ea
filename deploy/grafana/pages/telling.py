"""Who is told, and what waits."""

from __future__ import annotations

from typing import Final

from panels import Kind, Panel, Row, rate

TELLING: Final = Row(
    "Telling",
    (
        Panel(
            "Waiting, held, refused",
            "By notifier: not delivered yet, held on purpose, and refused for good with this configuration.",
            "refused is 0. What is refused is sent once the configuration is corrected: `leakstream outbox list`.",
            {
                "max by (notifier) (leakstream_outbox_pending)": "{{notifier}} waiting",
                "max by (notifier) (leakstream_outbox_held)": "{{notifier}} held",
                "max by (notifier) (leakstream_outbox_failed)": "{{notifier}} refused",
            },
            kind=Kind.BARS,
            none="no notifier is configured",
        ),
        Panel(
            "Notifiers that cannot be reached",
            "For how long a notifier has taken nothing of what it was offered.",
            "0 for each. Above ten minutes it pages through the others.",
            {"max by (notifier) (leakstream_notifier_unreached_seconds)": "{{notifier}}"},
            unit="s",
            bad_above=600,
            none="no notifier is configured",
        ),
        Panel(
            "Oldest notification not delivered",
            "By notifier.",
            "Seconds. Above five minutes it pages.",
            {"max by (notifier) (leakstream_outbox_oldest_seconds)": "{{notifier}}"},
            unit="s",
            bad_above=300,
            none="no notifier is configured",
        ),
        Panel(
            "Deliveries",
            "Notifications by notifier and outcome.",
            "delivered only. Every other word is a reason why one had to be tried again.",
            {rate("leakstream_notifications_total", "notifier", "outcome"): "{{notifier}} {{outcome}}"},
            unit="ops",
            width=12,
            none="no notifier is configured",
        ),
        Panel(
            "Changes of exposures",
            "Exposures opened, seen again, opened again, become more severe, closed; dropped by the policy.",
            "repeated is the highest: a leak is told once, however often it is seen.",
            {rate("leakstream_exposures_total", "change"): "{{change}}"},
            unit="ops",
            width=12,
        ),
    ),
)
