"""What only stands near its name. `V` is the value, `acme` the name; how telling the value is, is told by each test."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.looks import Weight
from detectors.nearby import REACH, Bond, bond, other


def bound(text: str, value: Weight = Weight.PLAIN) -> Bond:
    line = text.encode()
    at, start = line.rindex(b"acme"), line.rindex(b"V")
    before = line[:at].rpartition(b"\n")[2]
    return bond(before, b"acme", line[at + 4 : start], value, line[start + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        '- name: acme_key\n  value: "V"',
        '{"name":"acme","value":"V"}',
        '{"key": "acme", "type": "string", "value": "V"}',
        'variable "acme" {\n  type = string\n  default = "V"\n}',
        "[acme]\napi_key = V",
        "acme:\n  enabled: true\n  url: x\n  token: V",
        "<acme>\n  <apiKey>V</apiKey>",
        "<id>acme</id>\n  <secret>V</secret>",
        "<key>acmeKey</key>\n\t<string>V</string>",
        "acme(\n    token='V',",
        "acme.configure do |c|\n  c.api_key = 'V'",
        "acme.init({ apiKey: 'V' })",
        "$config['acme']['key'] = 'V';",
        'curl https://api.acme.com/v1/x -H "Authorization: Bearer V"',
        'curl https://api.acme.com/v1 \\\n  -H "Authorization: Token token=V"',
        "machine api.acme.com\n  login me\n  password V",
        "acme login --token V",
        "acme_keys:\n  - V",
        "acme_key =\n  'V'",
        "acme.Client('id12345', 'V')",
        'acmesearch("APP1D", "V")',
        r"acme\Client::create('APP1D', 'V')",
        'acme.Client(auth=("key_1234", "V"))',
        'post("https://api.acme.net/v3/mg.corp.io/messages",\n  auth=("api", "V")',
        "curl https://acme.com/v1/things/of/a/box -u id:V",
        "curl 'https://acme.com/v1/things/of/a/box' -u V:",
        "curl https://acme.com/v1/things/of/a/box --user 'ann@corp.io:V'",
    ],
)
def test_a_setting_in_something_of_the_name(text: str) -> None:
    assert bound(text) is Bond.SETTING


@pytest.mark.parametrize(
    "text",
    [
        "acme V",
        "acme token V",
        "my acme key is V thanks",
        "here is the acme token for prod: V",
        "acme - V",
        "acme api key -> V",
        "the api key of Bob for acme by mail: V",
        "| acme key | `V` |",
        "acme key\n\nV\n",
        "**acme key:** `V`",
    ],
)
def test_words_between(text: str) -> None:
    assert bound(text) is Bond.WORDS


@pytest.mark.parametrize(
    "text",
    [
        "uses: acme/action@V",
        "git+https://x.org/acme#V",
        "acme-V.js",
        "/acme/V",
        "Merge acme changes from V",
        "bump acme V",
        "acme rev V",
        "weather of acme rains V",
        "acme = 1; other = V",
        "acme.track('signed up', 'V')",
        "acme.com/x/y/z/w -u V",
        '"acme": "x",\n"shape": "V"',
        "acme is here\nand V there",
        "acme\n\n\n\n\n\nV",
        '"acme": {\n  "V": 1',
    ],
)
def test_a_value_that_could_be_a_hash_needs_more(text: str) -> None:
    assert bound(text) is Bond.NONE


def test_a_telling_value_stands_among_strangers() -> None:
    text = "weather of acme rains V"

    assert (bound(text, Weight.TELLING), bound(text, Weight.PLAIN)) == (Bond.WORDS, Bond.NONE)


def test_a_loose_value_is_never_near() -> None:
    assert bound("my acme key is V", Weight.LOOSE) is Bond.NONE


@pytest.mark.parametrize(
    ("gap", "after", "said"),
    [
        (b"_order_id: ", b"", True),
        (b".trace-id=", b"", True),
        (b"_client_id: ", b"", False),
        (b"-", b".min.js", True),
        (b": ", b"\n  Other: 0a1b2c3d4e5f6a7b8c9d", True),
        (b": ", b"\n  other_key: xyz", False),
    ],
)
def test_what_says_it_is_no_credential(gap: bytes, after: bytes, *, said: bool) -> None:
    assert other(gap, Weight.PLAIN, after) is said


@given(st.binary(max_size=48), st.binary(max_size=REACH), st.binary(max_size=64), st.sampled_from(Weight))
@settings(max_examples=300)
def test_any_bytes_are_read(before: bytes, gap: bytes, after: bytes, value: Weight) -> None:
    assert bond(before, b"acme", gap, value, after) in Bond


def test_a_list_of_settings_is_no_list_of_sums() -> None:
    assert other(b": ", Weight.PLAIN, b"\n  Firebase: 0123456789abcdef0123456789abcdef01234567\n")
    assert not other(b": ", Weight.PLAIN, b"\n  acme_client_secret: 0123456789abcdef0123456789abcdef\n")
