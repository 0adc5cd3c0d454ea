"""A secret without a name beside it belongs to the provider that the text around it talks of."""

from __future__ import annotations

import functools
from random import Random

import pytest

from detectors import Finding, Scanner, load_rules
from detectors.synthetic import refuted_for, secret_for

RULES = load_rules()


@functools.cache
def scanner() -> Scanner:
    return Scanner(RULES)


def found(text: str, rule_id: str) -> list[Finding]:
    value = secret_for(RULES[rule_id], Random(rule_id)).decode()
    return list(scanner().scan(text.format(value=value).encode()))


CALL = """url := "https://api.{host}/v1/resource"
req, err := http.NewRequest("GET", url, http.NoBody)
req.Header.Set("Content-Type", "application/json")
req.Header.Set("Authorization", "Bearer {{value}}")
"""


@pytest.mark.parametrize(
    ("rule_id", "host"), [("abuseipdb-api-key", "abuseipdb.com"), ("box-client-credentials", "box.com")]
)
def test_the_host_a_few_lines_above_names_the_provider(rule_id: str, host: str) -> None:
    findings = found(CALL.format(host=host), rule_id)

    assert [finding.rule.provider for finding in findings] == [RULES[rule_id].provider]


def test_an_everyday_word_is_no_provider() -> None:
    text = 'put the box in the corner\n\nreq.Header.Set("Authorization", "Bearer {value}")\n'

    assert [f.rule.provider for f in found(text, "box-client-credentials")] == ["http"]


@pytest.mark.parametrize("head", ["box:\n  ", "[box]\n", '"box": {{\n  ', "<box>\n"])
def test_an_everyday_word_heads_what_stands_below_it(head: str) -> None:
    findings = found(head + "region = eu\n  apiKey: {value}\n", "box-client-credentials")

    assert [finding.rule.provider for finding in findings] == ["box"]


def test_the_nearest_provider_whose_credential_has_the_shape() -> None:
    text = "# see abuseipdb.com, then clearout.io\n" + CALL.format(host="example.net")

    assert [f.rule.provider for f in found(text, "clearout-api-token")] == ["clearout"]
    assert [f.rule.provider for f in found(text, "abuseipdb-api-key")] == ["abuseipdb"]


def test_far_away_it_is_nobodys() -> None:
    text = "abuseipdb.com\n" + "# a line of a comment\n" * 30 + "Authorization: Bearer {value}\n"

    assert [f.rule.provider for f in found(text, "abuseipdb-api-key")] == ["http"]


def test_a_name_right_beside_the_value_is_not_argued_with() -> None:
    value = secret_for(RULES["netsuite-token-secret"], Random(1)).decode()

    (finding,) = scanner().scan(f'"netsuite_token_secret": "{value}"'.encode())

    assert (finding.rule.id, finding.name) == ("netsuite-token-secret", "netsuite_token_secret")


def test_a_value_that_the_providers_proof_refutes_is_not_its_own() -> None:
    value = refuted_for(RULES["discord-bot-token"], Random(1)).secret.decode()
    text = CALL.format(host="discord.com").format(value=value)

    assert [f.rule.provider for f in scanner().scan(text.encode())] == ["http"]


@pytest.mark.parametrize(
    ("rule_id", "text"),
    [
        (
            "trello-token-legacy",
            "client = TrelloClient(\n    debug=True,\n    retries=3,\n    token='{value}')\n",
        ),
        ("theoddsapi-api-key", "https://api.the-odds-api.com/v4/sports/?apiKey={value}\n"),
        ("nasa-api-key", "https://api.nasa.gov/planetary/apod?api_key={value}\n"),
        ("travis-ci-access-token", "travis login --pro --access-token {value}\n"),
        ("github-oauth-client-secret", "new GitHubStrategy({{\n  clientID: x,\n  clientSecret: '{value}',\n"),
        (
            "atlassian-data-center-token",
            'curl -H "Authorization: Bearer {value}" https://jira.corp.io/rest\n',
        ),
        ("gitea-access-token", "git clone https://bob:{value}@gitea.com/x/y.git\n"),
        ("azure-devops-pat-legacy", "git clone https://me:{value}@dev.azure.com/a/_git/b\n"),
    ],
)
def test_what_a_provider_is_called(rule_id: str, text: str) -> None:
    """By a part of an identifier, several words of an address, the names of its rules; whatever stands in anybody's repository gives way."""
    assert RULES[rule_id].provider in [finding.rule.provider for finding in found(text, rule_id)]
