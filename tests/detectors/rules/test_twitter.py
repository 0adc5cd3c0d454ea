"""What leaks of X look like in the wild, and what only looks like one."""

import random

import pytest

from detectors import Finding, Severity
from detectors.synthetic import secret_for
from shipped_rules import shipped, shipped_scanner

RULES = shipped("twitter")
DIGITS, HEX = "123456789", "0123456789abcdef"
ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def some(size: int, alphabet: str = ALNUM, seed: int = 0) -> str:
    return "".join(random.Random(f"{size}/{alphabet}/{seed}").choices(alphabet, k=size))


def scan(text: str) -> list[Finding]:
    return list(shipped_scanner("twitter").scan(text.encode()))


FOUR = (some(25), some(50), f"{some(9, DIGITS)}-{some(40)}", some(45))


@pytest.mark.parametrize(
    "text",
    [
        "CONSUMER_KEY={}\nCONSUMER_SECRET={}\nACCESS_TOKEN={}\nACCESS_TOKEN_SECRET={}\n",
        "consumer_key: '{}',\n  consumer_secret: '{}',\n  access_token: '{}',\n  access_token_secret: '{}'",
        "twitter.Api(consumer_key='{}',\n consumer_secret='{}',\n access_token_key='{}',\n access_token_secret='{}')",
        "api_key = '{}'\napi_secret = '{}'\naccess_token = '{}'\naccess_token_secret = '{}'\n",
    ],
)
def test_the_four_parts_are_one_critical_finding_of_the_app_secret(text: str) -> None:
    (found,) = scan(text.format(*FOUR))

    assert (found.severity, found.secret.decode(), len(found.parts)) == (Severity.CRITICAL, FOUR[1], 3)


def test_arguments_without_names_are_found() -> None:
    text = f"auth = tweepy.OAuthHandler('{FOUR[0]}', '{FOUR[1]}')\nauth.set_access_token('{FOUR[2]}', '{FOUR[3]}')\n"

    assert {FOUR[1].encode(), FOUR[3].encode()} <= {found.secret for found in scan(text)}


def test_a_session_needs_both_cookies() -> None:
    token, ct0 = some(40, HEX), some(160, HEX)

    (found,) = scan(f"Cookie: guest_id=v1; auth_token={token}; ct0={ct0}; lang=en")

    assert (found.set_id, found.severity) == ("twitter-session-set", Severity.CRITICAL)
    assert scan(f"auth_token={token}") == []  # forty digits under this name are other services' as well


@pytest.mark.parametrize(
    "text",
    [
        '[{{"domain": ".x.com", "hostOnly": false, "name": "auth_token", "path": "/", "storeId": "0", "value": "{}"}}]',
        ".twitter.com\tTRUE\t/\tTRUE\t1790000000\tauth_token\t{}",
    ],
)
def test_exported_cookies_are_a_session(text: str) -> None:
    (found,) = scan(text.format(some(40, HEX)))

    assert (found.severity, found.secret.decode()) == (Severity.CRITICAL, some(40, HEX))


def test_bearers_of_both_spellings_have_one_identity() -> None:
    from detectors.canonical import canonical

    rule = RULES["twitter-bearer-token"]
    secret = secret_for(rule, random.Random(1)).replace(b"%3D", b"=").replace(b"%3d", b"=")

    assert canonical(rule, secret) == canonical(rule, secret.replace(b"=", b"%3D"))


@pytest.mark.parametrize("equals", ["%3D", "="])
def test_the_web_clients_bearer_is_public(equals: str) -> None:
    """It stands in the script of every page of x.com."""
    head = "AAAAAAAAAAAAAAAAAAAAANRILgAAAAAAnNwIzUejRCOuH5E6I8xnZz4puTs"
    tail = "1Zv7ttfk8LF81IUq16cHjhLTvJu4FA33AGWWjCpTnA"

    assert scan(f'authorization: "Bearer {head}{equals}{tail}"') == []
    assert shipped_scanner("twitter").last.dropped["public"] >= 1


def test_oauth2_tokens_tell_when_they_were_issued() -> None:
    token = secret_for(RULES["twitter-oauth2-access-token"], random.Random(1)).decode()

    (found,) = scan(f'{{"token_type": "bearer", "access_token": "{token}"}}')

    assert found.proof.facts["token_kind"] == "access"
    assert found.proof.facts["issued_at"].endswith("+00:00")


@pytest.mark.parametrize(
    "order", ["{login}:{token}", "{login}:{ct0}:{token}", "{login}:{token}:{ct0}:JBSWY3DPEHPK3PXA"]
)
def test_lists_of_accounts_are_dumps_in_every_order(order: str) -> None:
    lines = [
        order.format(
            login=f"{some(9, seed=n)}:{some(12, seed=n)}:{some(8, seed=n)}@post.acme-corp.net:{some(10, seed=n)}",
            token=some(40, HEX, n), ct0=some(160, HEX, n),
        )
        for n in range(5)
    ]  # fmt: skip

    (found,) = scan("\n".join(lines))

    assert (found.rule.id, found.records) == ("twitter-account-login-list", 5)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (
            'window.YTD.direct_messages.part0 = [ {\n "dmConversation" : {\n "conversationId" : "123456-654321",',
            "dm-archive",
        ),
        (
            'window.YTD.account.part0 = [ {\n "account" : {\n "email" : "jane@post.acme-corp.net",',
            "archive-pii",
        ),
        ('{"for_user_id": "2244994945", "direct_message_events": [{}]}', "account-activity-payload"),
    ],
)
def test_what_is_no_credential_but_private(text: str, rule: str) -> None:
    assert [found.rule.id for found in scan(text)] == [f"twitter-{rule}"]


@pytest.mark.parametrize(
    "text",
    [
        f"commit {some(40, HEX)}",
        f"token = '{some(50)}'",
        f"sha256 of consumer secret: {some(64, HEX)}",
        "consumer_key = 'your-consumer-key-goes-here'",
        "CONSUMER_SECRET=${TWITTER_CONSUMER_SECRET}",
        f"data:image/png;base64,{'A' * 200}",
        "window.YTD.tweets.part0 = [ ]",
    ],
)
def test_look_alikes_are_not_reported(text: str) -> None:
    assert scan(text) == []
