from __future__ import annotations

from pathlib import Path

import pytest

from monitor.alerting.ownership import Ownership, WatchSettings
from monitor.app import load_config, section, watching
from monitor.config import ConfigError
from monitor.contracts import Place

MAIN = """
[watch]
organisations = ["acme"]
files = ["watch/*.toml"]
"""


def configured(folder: Path, **files: str) -> WatchSettings:
    (folder / "watch").mkdir()
    for name, text in files.items():
        (folder / "watch" / f"{name}.toml").write_text(text, encoding="utf-8")
    (folder / "leakstream.toml").write_text(MAIN, encoding="utf-8")
    return section(load_config(folder / "leakstream.toml", {}), WatchSettings)


def test_files_add_their_entries_and_a_reason_names_the_file(tmp_path: Path) -> None:
    watch = configured(
        tmp_path,
        cloud='[watch]\naccount_ids = ["123456789012"]\norganisations = ["acme", "acme-labs"]\n',
        mail='[watch]\nemail_domains = ["acme.example"]\n',
    )
    assert (watch.organisations, watch.email_domains) == (("acme", "acme-labs"), ("acme.example",))
    found = Ownership(watch).assess(
        Place(owner="acme", author_email_domain="acme.example"),
        source="s",
        facts={"account_id": "123456789012"},
    )
    assert {r["kind"]: r["file"] for r in found.reasons} == {
        "account_id": "watch/cloud.toml",
        "organisation": "",
        "author_email": "watch/mail.toml",
    }


def test_collectors_watch_what_the_files_name(tmp_path: Path) -> None:
    configured(tmp_path, a='[watch]\norganisations = ["acme-labs"]\n')
    found = watching(load_config(tmp_path / "leakstream.toml", {}))
    assert found.organisations == ("acme", "acme-labs")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[watch]\n\ndomains = [\n  "good.example",\n  "bad",\n]\n',
            "a.toml:5: watch.domains: 'bad': a domain",
        ),
        ('[watch]\ndomain = ["x.example"]\n', "a.toml:2: watch.domain: unknown key; known are account_ids"),
        ('[watch]\nfiles = ["b.toml"]\n', "a.toml:2: watch.files: unknown key"),
        ('[watch]\nusers = "jdoe"\n', "a.toml:2: watch.users: Input should be a valid tuple"),
        ('[bus]\nprefix = "x"\n', "a.toml:1: bus: a watch file has one table"),
        ("[watch\n", "a.toml: not valid TOML"),
    ],
)
def test_a_wrong_file_stops_the_start_with_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configured(tmp_path, a=text)
    assert said in str(caught.value)
    assert "leakstream.toml:2: watch" in str(caught.value)


def test_a_pattern_that_no_file_fits_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no file fits it"):
        configured(tmp_path)


def test_the_digest_changes_with_an_entry_and_not_with_its_place(tmp_path: Path) -> None:
    watch = configured(tmp_path, a='[watch]\nusers = ["jdoe"]\n')
    same = WatchSettings(organisations=("acme",), users=("jdoe",))
    assert watch.digest == same.digest
    assert watch.digest != WatchSettings(organisations=("acme",)).digest
    assert (watch.count, watch.empty) == (2, False)


def test_what_is_handed_on_as_plain_values_is_complete(tmp_path: Path) -> None:
    watch = configured(tmp_path, a='[watch]\nusers = ["jdoe"]\n')
    again = WatchSettings.model_validate(watch.model_dump())
    assert (again.users, again.files) == (("jdoe",), ())
