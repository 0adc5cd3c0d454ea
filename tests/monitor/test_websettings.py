import pytest
from pydantic import ValidationError

from monitor.websettings import ProxySettings, WebSettings


def test_by_default_it_is_this_host_alone():
    found = WebSettings()
    assert (found.host, found.port, found.tokens, found.proxy.trusted) == ("127.0.0.1", 8686, (), ())


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"trusted": ["proxy.example"]}, "neither an address nor a network"),
        ({"trusted": ["0.0.0.0/0"]}, "is everybody"),
        ({"trusted": ["::/0"]}, "is everybody"),
        ({"trusted": ["10.0.0.1"]}, "nobody would have a role"),
        ({"trusted": ["10.0.0.1"], "groups": {"sec": "root"}}, "groups"),
        ({"user_header": "X User"}, "user_header"),
        ({"trused": []}, "trused"),
    ],
)
def test_a_proxy_is_named_exactly(values, reason):
    with pytest.raises(ValidationError, match=reason):
        ProxySettings.model_validate(values)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"tokens": [{"name": "a", "file": "x"}, {"name": "a", "file": "y"}]}, "twice"),
        ({"token_file": "x", "tokens": [{"name": "admin", "file": "y"}]}, "twice"),
        ({"tokens": [{"name": "a b", "file": "x"}]}, "name"),
        ({"tokens": [{"name": "a", "file": "x", "role": "boss"}]}, "role"),
        ({"requests_per_minute": 0}, "requests_per_minute"),
    ],
)
def test_wrong_tokens(values, reason):
    with pytest.raises(ValidationError, match=reason):
        WebSettings.model_validate(values)
