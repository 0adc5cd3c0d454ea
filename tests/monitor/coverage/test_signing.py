import stat

import pytest

from ledgers import SIGNER, STRANGER
from monitor.coverage.signing import LedgerKeyError, create_signer, is_signed, load_signer


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path):
    path = tmp_path / "keys" / "ledger.key"
    made = create_signer(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_signer(path).public == made.public
    before = path.read_text()
    with pytest.raises(FileExistsError):
        create_signer(path)
    assert path.read_text() == before
    assert [each.name for each in path.parent.iterdir()] == ["ledger.key"]
    assert before.split()[1] not in repr(made)


def test_only_what_was_signed_under_that_key_and_tag_is_signed():
    signature = SIGNER.sign(b"tag", b"body")
    assert is_signed(SIGNER.public, b"tag", b"body", signature)
    assert not is_signed(STRANGER.public, b"tag", b"body", signature)
    assert not is_signed(SIGNER.public, b"gat", b"body", signature)
    assert not is_signed(SIGNER.public, b"tag", b"bodies", signature)
    assert not is_signed(SIGNER.public, b"tag", b"body", signature[:-1])
    assert not is_signed("no key", b"tag", b"body", signature)


@pytest.mark.parametrize("text", ["", "ed25519", "ed25519 00", "rsa " + "0" * 64, "ed25519 " + "x" * 64, "ä"])
def test_what_is_no_key_is_refused_with_what_to_do(tmp_path, text):
    path = tmp_path / "ledger.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(LedgerKeyError, match=r"restore the file from its backup|cannot be read"):
        load_signer(path)


def test_a_key_that_others_read_and_one_that_is_not_there(tmp_path):
    path = tmp_path / "ledger.key"
    with pytest.raises(LedgerKeyError, match="the alerting stage makes it"):
        load_signer(path)
    create_signer(path)
    path.chmod(0o640)
    with pytest.raises(LedgerKeyError, match="chmod 600"):
        load_signer(path)
