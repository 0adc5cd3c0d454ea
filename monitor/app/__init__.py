"""The composition root: the only place that constructs things and knows all stages.

`Service` runs any set of stages in one process until it is told to stop. What fails in one stage ends the service: a supervisor
outside (systemd, Kubernetes) starts it again, and nothing is lost, since offsets move after the work is stored.
"""

from monitor.app.asking import polite_client
from monitor.app.brokers import Brokers, greet_brokers, look_at_brokers
from monitor.app.buses import topics
from monitor.app.drills import Drills, open_drills, unplantable
from monitor.app.loading import SECTIONS, load_config, notifiers, section, sources, watching
from monitor.app.matching import known_by_rules, lost_own_secrets, own_files, own_secrets
from monitor.app.opening import (
    open_dead_letters,
    open_evidence,
    open_exposures,
    open_ledger,
    open_telling,
    open_transfer,
)
from monitor.app.replaying import documents_seconds, open_replay, replay_offer
from monitor.app.reports import open_privacy, open_reports
from monitor.app.service import ALL_STAGES, Addresses, Service, Stage
from monitor.app.state import ledger_key, prepare_state, revision
from monitor.app.stores import look_at_store, store_name
from monitor.app.webhooks import digests_of, webhooks

__all__ = [
    "ALL_STAGES",
    "SECTIONS",
    "Addresses",
    "Brokers",
    "Drills",
    "Service",
    "Stage",
    "digests_of",
    "documents_seconds",
    "greet_brokers",
    "known_by_rules",
    "ledger_key",
    "load_config",
    "look_at_brokers",
    "look_at_store",
    "lost_own_secrets",
    "notifiers",
    "open_dead_letters",
    "open_drills",
    "open_evidence",
    "open_exposures",
    "open_ledger",
    "open_privacy",
    "open_replay",
    "open_reports",
    "open_telling",
    "open_transfer",
    "own_files",
    "own_secrets",
    "polite_client",
    "prepare_state",
    "replay_offer",
    "revision",
    "section",
    "sources",
    "store_name",
    "topics",
    "unplantable",
    "watching",
    "webhooks",
]
