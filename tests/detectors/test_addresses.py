from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.addresses import expiry
from detectors.synthetic import text_of
from shipped_rules import shipped_scanner

SIGNATURES = {
    "aws": "[0-9a-f]{64}",
    "azure": "[A-Za-z0-9]{43}%3D",
    "aliyun": "[A-Za-z0-9]{27}%3D",
    "cloudfront": "[0-9A-Za-z_-]{120}",
}


@pytest.mark.parametrize(
    ("address", "end"),
    [
        (b"?X-Amz-Date=20260101T000000Z&X-Amz-Expires=900&X-Amz-Signature=", "2026-01-01T00:15:00+00:00"),
        (b"?X-Amz-Expires=3600&amp;X-Amz-Date=20260101T000000Z", "2026-01-01T01:00:00+00:00"),
        (b"X-Goog-Date=20251231T235959Z&X-Goog-Expires=1", "2026-01-01T00:00:00+00:00"),
        (b"?x-oss-date=20260101T000000Z\\u0026x-oss-expires=60", "2026-01-01T00:01:00+00:00"),
        (b"?sv=2022-11-02&se=2027-01-01T00:00:00Z&sp=r", "2027-01-01T00:00:00+00:00"),
        (b"?sv=2022-11-02&se=2027-01-01T00%3A30Z&sp=r", "2027-01-01T00:30:00+00:00"),
        (b"?se=2027-01-01&sp=r", "2027-01-01T00:00:00+00:00"),
        (b"?Expires=1800000000&OSSAccessKeyId=x", "2027-01-15T08:00:00+00:00"),
        (b"?q-sign-time=1700000000%3B1800000000&q-key-time=1%3B2", "2027-01-15T08:00:00+00:00"),
        (b"sr=x&se=1800000000&skn=k", "2027-01-15T08:00:00+00:00"),
        (b"?X-Amz-Date=yesterday&X-Amz-Expires=900", ""),
        (b"?X-Amz-Date=20260101T000000Z", ""),
        (b"?X-Amz-Date=99991231T235959Z&X-Amz-Expires=999999999", ""),
        (b"?se=soon", ""),
        (b"?Expires=Thu", ""),
        (b"?page=2", ""),
    ],
)
def test_the_end_is_read_from_the_parameters(address: bytes, end: str) -> None:
    assert expiry(address) == end


@given(
    st.lists(
        st.sampled_from([b"X-Amz-Date=", b"&", b"se=", b"99991231T235959Z", b"X-Amz-Expires=", b"%ff", b"0"]) | st.binary(max_size=5)
    ).map(b"".join)
)  # fmt: skip
def test_any_address_is_read(address: bytes) -> None:
    assert isinstance(expiry(address), str)


@pytest.mark.parametrize(
    ("provider", "kind", "before", "behind", "end"),
    [
        ("aws", "aws", "X-Amz-Credential=ASIA{key}%2F20260101%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date=20260101T000000Z&X-Amz-Expires=900&X-Amz-Signature=", "", "2026-01-01T00:15:00+00:00"),
        ("azure", "azure", "sv=2022-11-02&ss=b&srt=sco&sp=rwl&st=2026-01-01T00:00:00Z&sig=", "&se=2027-01-01T00%3A00%3A00Z", "2027-01-01T00:00:00+00:00"),
        ("signed-url", "aliyun", "OSSAccessKeyId=LT{key}&Expires=1800000000&Signature=", "", "2027-01-15T08:00:00+00:00"),
        ("signed-url", "cloudfront", "Expires=1800000000&Signature=", "&Key-Pair-Id=APK{key}", "2027-01-15T08:00:00+00:00"),
    ],
)  # fmt: skip
def test_a_signed_address_says_when_it_ends(
    provider: str, kind: str, before: str, behind: str, end: str
) -> None:
    rng = random.Random(kind)
    signature, key = text_of(SIGNATURES[kind], rng).decode(), text_of("[A-Z2-7]{16}", rng).decode()
    url = f"https://b.oss-cn-hangzhou.aliyuncs.com/o?{before}{signature}{behind}".replace("{key}", key)

    found = shipped_scanner(provider).scan(
        f'x = "https://y.example/?Expires=1900000000"\nurl = "{url}"\n'.encode()
    )

    assert [finding.proof.facts.get("expires_at") for finding in found] == [end]
