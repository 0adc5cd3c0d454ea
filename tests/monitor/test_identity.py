"""Identities survive everything but the secret itself; the key has a guarded life."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.identity import KeyFileError, KeyRing, blob_sha, check_value, create_key, load_keys, place_id

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))


def test_golden_fingerprint_never_moves():
    """A released identity is for ever: this value may never be edited."""
    keys = KeyRing.of(KEY)
    assert keys.leak("golden-family", b"golden secret value", bits=100) == {
        "d2e66389": "0cbb13d477ad2fb63550b86e3eb846ee7b37cbe93af0e2012c4b08b8b2a10831"
    }
    assert keys.leak("golden-family", b"golden", bits=10, scope=b"host|user") == {
        "d2e66389": "e136448783c75225a208a934a1bdc629b696dd52c62ca1b5c98580b6ba230bb5"
    }
    place = place_id(
        forge="github.com", where="a/b", blob_sha="0" * 40, path="x", leak="f" * 64, occurrence=0
    )
    assert place == "f574dfb16404b2e58943c230cdf18bdb"


@given(st.binary(min_size=1, max_size=200), st.binary(max_size=50))
def test_strong_secret_has_no_scope(secret, scope):
    keys = KeyRing.of(KEY)
    assert keys.leak("f", secret, bits=64) == keys.leak("f", secret, bits=64, scope=scope)


def test_weak_secret_is_scoped():
    keys = KeyRing.of(KEY)
    one = keys.leak("password", b"changeme123", bits=30, scope=b"db.example.com|root")
    two = keys.leak("password", b"changeme123", bits=30, scope=b"db.example.org|root")
    assert one != two
    assert one == keys.leak("password", b"changeme123", bits=30, scope=b"db.example.com|root")


@given(st.binary(max_size=20), st.binary(max_size=20), st.binary(max_size=20))
def test_no_two_inputs_run_together(a, b, c):
    """Lengths are hashed: moving a byte from the secret to the scope is another leak."""
    keys = KeyRing.of(KEY)
    if c:
        assert keys.leak("f", a + c, bits=1, scope=b) != keys.leak("f", a, bits=1, scope=c + b)


def test_every_active_key_gives_a_fingerprint_the_current_first():
    ring = KeyRing.of(OTHER, KEY)
    leak = ring.leak("f", b"x", bits=99)
    assert list(leak) == [check_value(OTHER), check_value(KEY)]
    assert leak[check_value(KEY)] == KeyRing.of(KEY).leak("f", b"x", bits=99)[check_value(KEY)]


def test_place_does_not_depend_on_collector_rule_or_span():
    args = {"forge": "github.com", "where": "a/b", "blob_sha": "0" * 40, "path": "x", "leak": "f" * 64}
    assert place_id(**args, occurrence=0) == place_id(**args, occurrence=0)
    assert place_id(**args, occurrence=0) != place_id(**args, occurrence=1)


def test_blob_sha_is_gits():
    assert blob_sha(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"


def test_key_is_made_once_and_private(tmp_path):
    path = tmp_path / "sub" / "key"
    ring = create_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_keys(path).keys == ring.keys
    with pytest.raises(FileExistsError):
        create_key(path)


def test_readable_key_is_refused(tmp_path):
    path = tmp_path / "key"
    create_key(path)
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        load_keys(path)


@pytest.mark.parametrize("text", ["", "zz zz\n", "deadbeef " + "ab" * 32, "deadbeef abcd"])
def test_malformed_key_is_refused_without_quoting_it(tmp_path, text):
    path = tmp_path / "key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(KeyFileError) as caught:
        load_keys(path)
    assert "ab" * 8 not in str(caught.value)


def test_missing_key_says_what_to_do(tmp_path):
    with pytest.raises(KeyFileError, match="leakstream init"):
        load_keys(tmp_path / "none")


def test_repr_hides_keys():
    assert KEY.hex() not in repr(KeyRing.of(KEY))
    assert repr(KEY) not in repr(KeyRing.of(KEY))
