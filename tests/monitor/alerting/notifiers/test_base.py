import pytest
from pydantic import SecretStr, ValidationError

from monitor.alerting.notifiers.base import NotifierSettings, Permanent, Reason, Retryable, one_secret


def test_a_secret_in_place_or_in_a_file(tmp_path):
    file = tmp_path / "s"
    file.write_text(" from-file\n")
    assert one_secret(SecretStr("here"), None, "url") == "here"
    assert one_secret(None, file, "url") == "from-file"


def test_none_both_or_empty_is_an_error_that_quotes_nothing(tmp_path):
    file = tmp_path / "s"
    file.write_text(" \n")
    for value, path in ((None, None), (SecretStr("hidden"), file), (None, file), (SecretStr(" "), None)):
        with pytest.raises(ValueError, match="url") as caught:
            one_secret(value, path, "url")
        assert "hidden" not in str(caught.value)


def test_settings_refuse_what_they_do_not_know():
    assert NotifierSettings(tells=["page"]).tells == ("page",)
    for wrong in ({"tells": ["shout"]}, {"drill": True}, {"deadline_seconds": 0}):
        with pytest.raises(ValidationError):
            NotifierSettings(**wrong)


def test_errors_say_their_reason_and_nothing_else():
    assert str(Retryable(Reason.RATE_LIMITED, retry_after=3.0)) == "rate_limited"
    assert str(Permanent(Reason.GONE)) == "gone"
