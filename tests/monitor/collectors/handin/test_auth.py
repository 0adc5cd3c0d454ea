import base64
import hashlib
import hmac

import pytest
from pydantic import ValidationError

from monitor.collectors.handin.auth import (
    GitHubHookSettings,
    GitLabHookSettings,
    Rate,
    TokenSettings,
    find_bearer,
    is_gitea,
    is_github,
    is_gitlab_token,
    is_standard_webhook,
    signing_key,
)

LONG = "synthetic-and-long-enough"


def test_the_vector_of_githubs_documentation():
    secret, body = b"It's a Secret to Everybody", b"Hello, World!"
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert is_github(secret, body, {"X-Hub-Signature-256": signature})
    assert not is_github(secret, body + b" ", {"X-Hub-Signature-256": signature})
    assert not is_github(b"another", body, {"X-Hub-Signature-256": signature})
    for wrong in ("", signature[:-1], signature.upper(), "sha1=" + signature[7:], "\udcff"):
        assert not is_github(secret, body, {"X-Hub-Signature-256": wrong})


def standard(key, body, *, at=1000.0, identifier="msg_1"):
    signed = hmac.new(key, f"{identifier}.{int(at)}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(int(at)),
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }


def test_standard_webhooks():
    key = signing_key(b"whsec_" + base64.b64encode(b"k" * 24))
    assert key == b"k" * 24
    headers = standard(key, b"body")
    assert is_standard_webhook(key, b"body", headers, 1000.0)
    assert is_standard_webhook(key, b"body", headers, 1300.0)
    assert not is_standard_webhook(key, b"body", headers, 1301.0)
    assert not is_standard_webhook(key, b"body", headers, 699.0)
    assert not is_standard_webhook(key, b"other", headers, 1000.0)
    assert not is_standard_webhook(key, b"body", {**headers, "webhook-id": "msg_2"}, 1000.0)
    assert not is_standard_webhook(key, b"body", {**headers, "webhook-timestamp": "1001"}, 1000.0)
    assert not is_standard_webhook(key, b"body", {**headers, "webhook-timestamp": "-1"}, 1000.0)
    assert not is_standard_webhook(key, b"body", {}, 1000.0)
    rotated = {**headers, "webhook-signature": "v1,AAAA v2,x " + headers["webhook-signature"]}
    assert is_standard_webhook(key, b"body", rotated, 1000.0)


@pytest.mark.parametrize("secret", [b"whsec_!!", b"whsec_\xff\xff\xff\xff"])
def test_a_signing_secret_is_base64(secret):
    with pytest.raises(ValueError, match="and base64"):
        signing_key(secret)


def test_gitlab_token():
    assert is_gitlab_token(b"abc", {"X-Gitlab-Token": "abc"})
    assert not is_gitlab_token(b"abc", {"X-Gitlab-Token": "abd"})
    assert not is_gitlab_token(b"abc", {})


def test_the_bearer_is_found_by_name():
    known = [("a", b"one"), ("b", b"two")]
    assert find_bearer("Bearer two", known) == "b"
    assert find_bearer("bearer  two ", known) == "b"
    for wrong in ("", "two", "Basic two", "Bearer", "Bearer three", "Bearer \udcff"):
        assert find_bearer(wrong, known) is None


def test_exactly_one_secret(tmp_path):
    (tmp_path / "t").write_text(f"{LONG}\n")
    assert TokenSettings(name="ci", token_file=tmp_path / "t").read() == LONG.encode()
    assert GitHubHookSettings(name="ci", secret=LONG).read() == LONG.encode()
    assert GitLabHookSettings(name="ci", token=LONG).signs is False
    assert GitLabHookSettings(name="ci", signing_secret=LONG).signs is True
    for model, values in (
        (TokenSettings, {}),
        (TokenSettings, {"token": LONG, "token_file": tmp_path / "t"}),
        (GitLabHookSettings, {"token": LONG, "signing_secret": LONG}),
    ):
        with pytest.raises(ValidationError, match="exactly one"):
            model(name="ci", **values)


def test_a_short_secret_and_a_missing_file(tmp_path):
    with pytest.raises(ValueError, match="16"):
        TokenSettings(name="ci", token="short").read()
    with pytest.raises(OSError, match="none"):
        TokenSettings(name="ci", token_file=tmp_path / "none").read()
    assert LONG not in repr(TokenSettings(name="ci", token=LONG))


def test_a_rate_allows_a_minutes_worth_and_lets_a_batch_overdraw():
    now = [0.0]
    rate = Rate(60, lambda: now[0])
    assert rate.wait() == 0.0
    rate.take(60)
    assert rate.wait() == 1.0
    now[0] += 1.0
    assert rate.wait() == 0.0
    rate.take(11)
    assert rate.wait() == pytest.approx(11.0)
    now[0] += 1e6
    rate.take(60)
    assert rate.wait() == 1.0


def test_gitea_and_forgejo_sign_in_bare_hex():
    secret, body = b"s" * 20, b"body"
    signature = hmac.new(secret, body, hashlib.sha256).hexdigest()
    assert is_gitea(secret, body, {"X-Gitea-Signature": signature})
    assert is_gitea(secret, body, {"X-Forgejo-Signature": signature})
    assert not is_gitea(secret, body, {"X-Gitea-Signature": signature, "X-Forgejo-Signature": "0" * 64})
    for wrong in ({}, {"X-Gitea-Signature": f"sha256={signature}"}, {"X-Gitea-Signature": "\udcff"}):
        assert not is_gitea(secret, body, wrong)
