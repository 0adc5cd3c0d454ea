from __future__ import annotations

from random import Random

import pytest

from detectors.expressions import facts
from detectors.profiles import PROFILES, common, unlike
from detectors.stats import REASONS

ALNUM = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def test_every_reason_is_counted_and_every_expression_bounded() -> None:
    marks = {mark for profile in PROFILES.values() for mark in profile.marks}

    assert {reason for reason, _ in marks} <= REASONS
    assert all(facts(shown.pattern.decode()).safe for _, shown in marks)


@pytest.mark.parametrize(
    ("profile", "value", "reason"),
    [
        ("login", b"postgres", "common"),
        ("login", b"my-secret1", "common"),
        ("login", b"${DB_PASSWORD}", "template"),
        ("login", b"admin123", "common"),
        ("login", b"admin2019x", ""),
        ("login", b"vagrant", "common"),
        ("login", b"@DB_PASSWORD@", "template"),
        ("login", b"NACL[kX3vB9nQ2m==]", "template"),
        ("login", b"!vault", "template"),
        ("quoted", b"utf-8", "other_format"),
        ("quoted", b"md5" + b"0c9" * 10 + b"4f", "other_format"),
        ("quoted", b"*" + b"0C9A" * 10, "other_format"),
        ("quoted", b"SCRAM-SHA-256$4096", "other_format"),
        ("quoted", b"kX3vB9nQ2mZ7pL4wT8yR5g==", ""),
        ("quoted", b"*LOCKED*", "identifier"),
        ("quoted", b"t.password??x", "identifier"),
        ("quoted", "Jelsz\u00f3".encode(), "word"),
        ("quoted", "\u041f\u0430\u0440\u043e\u043b\u044c".encode(), "word"),
        ("quoted", "Gr\u00fc\u00dfe-2019".encode(), ""),
        ("quoted", b"otp-sms", "word"),
        ("quoted", b"Wachtwurd", "word"),
        ("quoted", b"given\x03plain7", "other_format"),
        ("password", b"str})", "identifier"),
        ("quoted", b"-aes256", "identifier"),
        ("key", b"VS%0.f0COMNTOOLS", "template"),
        ("secret", b"Ag" + b"B7xQ" * 20, "other_format"),
        ("login", b"Admin@123", "common"),
        ("login", b"Admin@4501", ""),
        ("secret", b"Geheimnis", "identifier"),
        ("secret", b"TOTP-salaisuus", "identifier"),
        ("secret", b"epv1Today", "identifier"),
        ("secret", b"list[str2]", "identifier"),
        ("secret", b"a1f9-0c3e-77b2-d4e8", "other_format"),
        ("secret", b"AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAI", "other_format"),
        ("key", b"Qwen2_5OmniToken2WavBigVGANModel", "identifier"),
        ("login", b"ENC(kX3vB9nQ2m)", "template"),
        ("login", b"dragon", ""),
        ("credential", b"spring.mail.password", "word"),
        ("credential", b"*types.SubnetFault", "identifier"),
        ("credential", b"github.com/acme/v2/db", "path"),
        ("credential", b"dragon7", ""),
        ("credential", b"/run/secrets/9k2/db.1", "path"),
        ("credential", b"../acme/db-9.secret", "path"),
        ("credential", b"/kX3v/B9nQ2mZ7pL4wT8yR5g", ""),
        ("credential", b"/data9kX3v/B9nQ2mZ7pL4", ""),
        ("password", b"dragon", "word"),
        ("password", b"myLongName1", "identifier"),
        ("quoted", b"Dragon77!", ""),
        ("quoted", b"#password-field", "identifier"),
        ("prose", b"argument_2", "identifier"),
        ("password", b"ROOT_DN_R20X", "identifier"),
        ("password", b"./conf/key9", "path"),
        ("password", b"app2.properties", "path"),
        ("password", b"2024-01-02", "number"),
        ("password", b"1.2.7-b7", "number"),
        ("password", b"b3f1c2d4-1111-4222-8333-abcdefabcdef", "other_format"),
        ("password", b"$2b$12$kX3vB9nQ2mZ7tR5wkX3vB9", "other_format"),
        ("password", b"P@ssw0rd!7", ""),
        ("password", b"kale4river8stone", ""),
        ("secret", b"sha256-kX3vB9nQ2mZ7tR5w", "other_format"),
        ("secret", b"kXvBnQmZtRwKdLmNpRtUvWx", ""),
        ("secret", b"some_identifier_of_the_code", "identifier"),
        ("key", b"kX3vB9nQ2mZ7tR5w", ""),
        ("key", b"user_profile_v2", "identifier"),
        ("secret", b"kX3vB9nQ2mZ7tR5w", ""),
        ("key-block", b"-----BEGIN RSA PRIVATE KEY-----\nMIIE...\n-----END", "placeholder"),
    ],
)
def test_what_a_profile_says(profile: str, value: bytes, reason: str) -> None:
    assert unlike(profile, value) == reason


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_random_values_pass(profile: str) -> None:
    rng = Random(profile)
    values = ["".join(rng.choices(ALNUM, k=20)) for _ in range(500)]

    assert (
        sum(unlike(profile, value.encode()) != "" for value in values) <= 30
    )  # letters only, `pwd` by chance


def test_common_passwords_are_known_inside_longer_ones() -> None:
    assert common(b"S3-p4ssword-1") is True
    assert common(b"my-P@ssw0rd-9") is True
    assert common(b"kX3vB9nQ2mZ7") is False
