from __future__ import annotations

import string
from random import Random

import pytest

from detectors.dummies import dummy, identifier, repeated, sequential
from detectors.model import Kind, Rule, Severity
from detectors.stats import REASONS

TOKEN = Rule("t", "t", "t", Kind.TOKEN, Severity.LOW, "t", "sk_test_[0-9A-Za-z]{24}")
GENERIC = Rule("g", "generic", "g", Kind.CONTEXT, Severity.LOW, "g", "[!-~]{6,80}")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("sk_test_EXAMPLEEXAMPLE12345678", "placeholder"),
        ("changeme", "placeholder"),
        ("change-me-now", "placeholder"),
        ("your-api-key", "placeholder"),
        ("YOUR_TOKEN_HERE", "placeholder"),
        ("xxxxxxxxxxxxxxxx", "placeholder"),
        ("abc123xxxxx", "placeholder"),
        ("none", "placeholder"),
        ("password", "placeholder"),
        ("********", "placeholder"),
        ("a1b2...c3d4", "placeholder"),
        ("${DB_PASSWORD}", "template"),
        ("$DB_PASSWORD", "template"),
        ("{{ secret }}", "template"),
        ("{password}", "template"),
        ("<password>", "template"),
        ("%(password)s", "template"),
        ("%s", "template"),
        ("#{ENV}", "template"),
        ("__PASSWORD__", "template"),
        ("process.env.PASSWORD", "template"),
        ("os.environ['X']", "template"),
        ("getenv(NAME)", "template"),
        ("self.password", "template"),
        ("00000000000000000000000000000000", "repeated"),
        ("abcabcabcabcabcabc", "repeated"),
        ("0123456789abcdef0123456789abcdef", "repeated"),
        ("1234567890", "sequence"),
        ("abcdefghijkl", "sequence"),
        ("qwertyuiop", "sequence"),
        ("abc123def456", "sequence"),
        ("qwe456xyz", "sequence"),
        ("aabbccdd", "sequence"),
        ("1111-2222-3333-4444", "sequence"),
        ("00112233445566778899aabbccddeeff", "sequence"),
        ("1qaz2wsx", "sequence"),
        ("zaq12wsx", "sequence"),
        ("keep-it-secret", "placeholder"),
        ("very-secret-key", "placeholder"),
        ("integration-test-key", "placeholder"),
        ("hello-world123", "placeholder"),
        ("get_password_hash", "placeholder"),
        ("get_account_list", "identifier"),
        ("AccountTokenProvider", "identifier"),
        ("user/account/settings", "identifier"),
    ],
)
def test_visible_dummies_are_named(value: str, reason: str) -> None:
    assert dummy(GENERIC, value.encode()) == reason or dummy(TOKEN, value.encode()) == reason
    assert reason in REASONS


@pytest.mark.parametrize(
    "value",
    [
        "Tr0ub4dor&3",
        "correct-horse-battery",
        "hunter2x",
        "Summer2024!",
        "p4ssphrase-Kitty",
        "s3cr3t!pw",
        "Lk9$vQ2#pZ",
        "wJ4/kP+x",
        "aabbxxkk",
        "abd127kfw",
        "very-Kitty-9",
    ],
)
def test_human_passwords_are_kept(value: str) -> None:
    assert dummy(GENERIC, value.encode()) == ""


@pytest.mark.parametrize(
    "alphabet",
    [
        string.ascii_letters + string.digits,
        "0123456789abcdef",
        string.ascii_letters + string.digits + "-_",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    ],
)
@pytest.mark.parametrize("length", [20, 32, 40, 64])
def test_random_values_are_kept(alphabet: str, length: int) -> None:
    rng = Random(f"{alphabet}{length}")
    values = ["".join(rng.choices(alphabet, k=length)).encode() for _ in range(500)]

    assert [v for v in values if dummy(GENERIC, v)] == []


def test_the_fixed_beginning_of_a_token_is_not_judged() -> None:
    assert dummy(TOKEN, b"sk_test_" + b"k3J9x2LmQ8vT5nR7wZ4pY6bC") == ""


def test_the_single_questions() -> None:
    assert repeated(b"aaaaaaab")
    assert not repeated(b"a8f5f167f44f4964")
    assert sequential(b"12345678")
    assert not sequential(b"pass1234word")
    assert identifier(b"get_user_token")
    assert not identifier(b"kX3vB9nQ2mZ7")


def test_words_that_say_which_make_a_dummy_beside_one_that_stands_for_a_secret() -> None:
    for value in (b"redispassword", b"master-key", b"admin_password", b"stripe_key123", b"smtp-password"):
        assert dummy(GENERIC, value) == "placeholder"
    for value in (b"cloud1970", b"master9742", b"redis-cluster-77", b"Stripe42"):
        assert dummy(GENERIC, value) == ""
