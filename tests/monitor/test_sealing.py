"""Who evidence is sealed to: public keys only, and what was sealed opens with the ordinary age."""

from __future__ import annotations

from pathlib import Path

import pyrage
import pytest
from pydantic import ValidationError

from agekeys import responder, ssh_responder
from monitor.sealing import (
    LARGEST,
    MAGIC,
    EvidenceSettings,
    Recipient,
    RecipientError,
    Sealer,
    is_sealed,
    open_to_others,
)

PLAIN = b"what nobody else is to read" * 100


def test_each_recipients_own_age_opens_it_and_nobody_elses(tmp_path: Path) -> None:
    ann, bob, eve = responder(tmp_path, "ann"), ssh_responder(tmp_path, "bob"), responder(tmp_path, "eve")
    body = Sealer([Recipient.parse(ann.public), Recipient.parse(bob.public)]).seal(PLAIN)
    assert is_sealed(body)
    assert PLAIN[:8] not in body
    assert ann.opens(body) == bob.opens(body) == PLAIN
    assert eve.opens(body) is None
    assert ann.opens(body[:-1] + bytes([body[-1] ^ 1])) is None


def test_a_recipient_has_a_name_that_fits_into_a_list(tmp_path: Path) -> None:
    ann, bob = responder(tmp_path), ssh_responder(tmp_path)
    assert Recipient.parse(f"  {ann.public}\n").name == ann.public
    named = Recipient.parse(bob.public)
    assert named.name.startswith("ssh-ed25519 SHA256:")
    assert len(named.name) < 70
    assert named.text == " ".join(bob.public.split()[:2])


def private_keys(folder: Path) -> list[str]:
    plugin = "AGE-PLUGIN-" + "X1QQQQ"
    return [
        responder(folder).identity.read_text(),
        responder(folder).identity.read_text().lower(),
        ssh_responder(folder).identity.read_text(),
        plugin,
    ]


def test_a_private_key_is_refused_and_not_repeated(tmp_path: Path) -> None:
    for number, key in enumerate(private_keys(tmp_path)):
        with pytest.raises(RecipientError, match="private key") as error:
            Recipient.parse(key)
        assert key.strip()[20:40] not in str(error.value) or len(key) < 40
        with pytest.raises(ValidationError, match="private key"):
            EvidenceSettings(recipients=(key,))
        file = tmp_path / f"recipients {number}"
        file.write_text(f"# {key}")  # even as a comment
        with pytest.raises(RecipientError, match="private key"):
            EvidenceSettings(recipients_file=file).read()


@pytest.mark.parametrize(
    "text", ["", "age1", "age1xyz", "ssh-ed25519 AAAA", "ssh-ed25519 ?", "ann@example.com", "age1\x00"]
)
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(RecipientError, match=r"recipient|public key"):
        Recipient.parse(text)


def test_a_file_of_recipients_is_read_as_age_reads_it(tmp_path: Path) -> None:
    ann, bob = responder(tmp_path), ssh_responder(tmp_path)
    file = tmp_path / "recipients"
    file.write_text(f"# the team\n\n{ann.public}\n{bob.public}\n{ann.public}\n")
    found = EvidenceSettings(recipients_file=file).read()
    assert [each.text for each in found] == [ann.public, " ".join(bob.public.split()[:2])]
    with pytest.raises(ValueError, match="either"):
        EvidenceSettings(recipients=(ann.public,), recipients_file=file).read()
    file.write_text("# nobody\n")
    with pytest.raises(ValueError, match="no recipient"):
        EvidenceSettings(recipients_file=file).read()
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="not a text"):
        EvidenceSettings(recipients_file=file).read()
    assert EvidenceSettings().read() == ()
    many = tuple(str(pyrage.x25519.Identity.generate().to_public()) for _ in range(17))
    with pytest.raises(ValueError, match="at most 16"):
        EvidenceSettings(recipients=many).read()


def test_a_file_that_others_may_write_is_known(tmp_path: Path) -> None:
    file = tmp_path / "recipients"
    file.touch(mode=0o644)
    assert not open_to_others(file)
    file.chmod(0o666)
    assert open_to_others(file)


def test_a_sealed_file_is_known_by_its_first_line_and_its_size() -> None:
    assert not is_sealed(b"")
    assert not is_sealed(b"plain text")
    assert is_sealed(MAGIC + b"x")
    assert not is_sealed(MAGIC + bytes(LARGEST))
    with pytest.raises(ValueError, match="nobody"):
        Sealer([])
