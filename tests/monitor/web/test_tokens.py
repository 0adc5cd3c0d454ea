import pytest

from monitor.config import ConfigError
from monitor.web.roles import Role
from monitor.web.tokens import Tokens
from monitor.websettings import WebSettings
from web_samples import People


def read(**values):
    return Tokens.read(WebSettings.model_validate(values))


def test_each_token_has_a_name_and_a_role(tmp_path):
    people = People(tmp_path)
    tokens = read(**people.settings)
    for role in Role:
        found = tokens.find(people.token[role.word])
        assert (found.name, found.role) == (f"a-{role.word}", role)
    for wrong in ("", people.token["admin"][:-1], people.token["admin"] + "x", "\udcff"):
        assert tokens.find(wrong) is None
    assert people.token["admin"] not in repr(tokens.find(people.token["admin"]))


def test_the_one_token_of_before_is_an_admins(tmp_path):
    people = People(tmp_path)
    found = read(token_file=people.file("viewer")).find(people.token["viewer"])
    assert (found.name, found.role) == ("admin", Role.ADMIN)
    assert not read()
    assert read().find("") is None


def test_one_token_is_one_persons(tmp_path):
    people = People(tmp_path)
    twice = [{"name": name, "file": people.file("viewer")} for name in ("ann", "bob")]
    with pytest.raises(ConfigError, match="the same token as ann's"):
        read(tokens=twice)


@pytest.mark.parametrize(
    ("text", "mode", "reason"),
    [("short", 0o600, "16 or more"), ("x" * 20, 0o640, "chmod 600"), (None, 0, "cannot be read")],
)
def test_a_bad_file_stops_it_and_its_text_is_not_told(tmp_path, text, mode, reason):
    path = tmp_path / "token"
    if text is not None:
        path.write_text(text)
        path.chmod(mode)
    with pytest.raises(ConfigError, match=reason) as caught:
        read(tokens=[{"name": "ann", "file": path}])
    assert text is None or text not in str(caught.value)
