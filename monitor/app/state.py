"""The state folder, the fingerprint key, and what of a configuration the store remembers."""

from __future__ import annotations

from pathlib import Path

import orjson
from pydantic import BaseModel, SecretStr

from monitor.config import Config, ConfigError
from monitor.coverage.signing import FILE_NAME
from monitor.identity import KeyFileError, KeyRing, create_key, load_keys


def prepare_state(config: Config) -> KeyRing:
    """The state folder (0700) and the fingerprint key; a first start makes both.

    Raises ConfigError: no such folder can be made. KeyFileError: the key is unreadable, or gone while there is a store that was made with it.
    """
    try:
        config.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        config.state.chmod(0o700)
    except OSError as error:
        raise ConfigError(f"state {config.state}: {error.strerror}") from error
    if not config.key_file.exists():
        if config.bus.kind == "kafka":
            raise KeyFileError(
                f"{config.key_file}: no fingerprint key; every stage on Kafka needs the same one: make it once with"
                " `leakstream init` and give each stage a copy"
            )
        if (config.state / "store.db").exists():
            raise KeyFileError(
                f"{config.key_file}: the fingerprint key is gone, but {config.state} was made with one; restore it"
            )
        try:
            return create_key(config.key_file)
        except FileExistsError:
            pass  # another process of this host was first
    return load_keys(config.key_file)


def ledger_key(config: Config) -> Path:
    """Where the key lies that signs the coverage ledger: beside the fingerprint key."""
    return config.key_file.with_name(FILE_NAME)


def revision(settings: BaseModel, keys: KeyRing) -> str:
    """Changes when the notifier's configuration does, its secrets and the content of its files with it. Blocks; raises OSError.

    Under the fingerprint key: what is written into the store tells nothing of a secret.
    """

    def plain(value: object) -> object:
        match value:
            case SecretStr():
                return value.get_secret_value()
            case Path():
                return [str(value), value.read_bytes().hex() if value.is_file() else None]
            case frozenset():
                return sorted(value)
        raise TypeError

    body = orjson.dumps(settings.model_dump(), default=plain, option=orjson.OPT_SORT_KEYS)
    return keys.digest("notifier", body)
