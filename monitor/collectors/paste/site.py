"""One paste site or feed as the configuration describes it: where its list is, how to read it, where an item's text is.

Everything that can be wrong before the first request (a selector that is no CSS, a path with an empty key, a template without `{id}`)
is refused when the settings are read, with the key's name. A `recipe` fills in what the table leaves out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal, Self

import re2
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from yarl import URL

from monitor.addresses import is_loopback

DATE_FORMATS: Final = ("iso", "epoch", "epoch_ms", "rfc822")
_LEAST_POLL: Final = 30.0  # seconds, with a host that is not this machine
_LEAST_ITEM: Final = 1.0
_ABOUT: Final = frozenset({"verified", "about"})  # keys of a recipe that are for people
_SAMPLE: Final = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)


class ErrorText(BaseModel):
    """An answer that is no content although its status is 200."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(min_length=3, description="what a short answer holds, whatever its case")
    retry: bool = Field(default=False, description="ask for the item again later")


class SiteSettings(BaseModel):
    """[sources.pastes.sites.<name>]

    A selector is, in JSON and feeds, a path of keys and list places (`author.name`, `files.0.text`); in HTML CSS, relative to the
    item, and `@name` behind it for an attribute (`a.title@href`, or only `@href` for the item's own).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: str = Field("", description="the name of a ready one; keys of this table go before its own")
    list_url: str = Field(description="what is polled")
    kind: Literal["json", "html", "feed"] = Field(description="what the list is; feed = RSS or Atom")
    items: str = Field(
        "", validate_default=True, description='the items in the list; "" in JSON = it is the list itself'
    )
    id: str = Field("", validate_default=True, description="an item's id")
    id_pattern: str = Field("", description="RE2; its group is the id; what it does not fit is no item")
    version: str = Field("", description="changes with each edit, so that the item is read again")
    url: str = Field("", description="an item's page, for people; fetched where there is no item_url")
    title: str = Field("", description="selector of the title")
    author: str = Field("", description="selector of the author's name")
    date: str = Field("", description="when it was published")
    date_format: str = Field("iso", description="iso, epoch, epoch_ms, rfc822, or a strptime format (UTC)")
    size: str = Field("", description="in bytes")
    limit: int = Field(0, ge=0, description="the list's length; 0 = the longest seen")

    item_kind: Literal["raw", "html", "json", "inline"] = Field(
        "raw", description="what an item's answer is; inline = its text stands in the list"
    )
    item_url: str = Field(
        "", description="with {id}, percent-encoded; {origin} is the list's scheme and host"
    )
    hosts: tuple[str, ...] = Field((), description="further hosts (host or host:port) that items may be on")
    text: str = Field("", validate_default=True, description="selector of the text in an item")
    text_html: bool = Field(default=False, description="the text is HTML: read what a reader sees, and links")
    files: str = Field("", description="path of the list of files in a JSON item")
    file_name: str = Field("name", description="a file's name, in it")
    file_text: str = Field("content", description="a file's text, in it")
    error_texts: tuple[ErrorText, ...] = Field((), description="answers that are no content")

    forge: str = Field("", description="the site's name in findings; default: the list's host")
    poll_seconds: float = Field(60.0, gt=0, description="between two polls of the list; at least 30")
    item_seconds: float = Field(1.0, gt=0, description="between two requests to one host; at least 1")
    max_list_mib: float = Field(2.0, gt=0, le=16, description="longest list read, in MiB")
    max_item_mib: float = Field(4.0, gt=0, le=64, description="largest item read, in MiB")

    @model_validator(mode="before")
    @classmethod
    def _from_recipe(cls, values: Any) -> Any:
        if not isinstance(values, dict) or not values.get("recipe"):
            return values
        recipe = recipes().get(str(values["recipe"]))
        if recipe is None:
            raise ValueError(f"recipe: there is none of that name; there are {', '.join(recipes())}")
        return {**{key: value for key, value in recipe.items() if key not in _ABOUT}, **values}

    @field_validator("list_url")
    @classmethod
    def _usable(cls, value: str) -> str:
        try:
            url = URL(value)
            usable = url.scheme in ("http", "https") and bool(url.host) and bool(url.port)
        except ValueError:
            usable = False
        if not usable or url.user is not None or url.password is not None:
            raise ValueError("an http or https URL without a login is expected")
        return value

    @field_validator("items", "id", "version", "url", "title", "author", "date", "size")
    @classmethod
    def _selects(cls, value: str, info: ValidationInfo) -> str:
        kind = info.data.get("kind")
        if kind == "html":
            from monitor.collectors.paste.markup import check_selector

            if info.field_name == "items" or value:
                check_selector(value)
        elif value:
            _check_path(value)
        if info.field_name == "id" and not value and kind in ("json", "html"):
            raise ValueError("say where an item's id stands")
        return value

    @field_validator("id_pattern")
    @classmethod
    def _one_group(cls, value: str) -> str:
        try:
            groups = re2.compile(value).groups if value else 1
        except re2.error:
            raise ValueError("no expression that RE2 takes") from None
        if groups != 1:
            raise ValueError("exactly one group, around the id, is expected")
        return value

    @field_validator("date_format")
    @classmethod
    def _known(cls, value: str) -> str:
        if value in DATE_FORMATS:
            return value
        try:
            datetime.strptime(_SAMPLE.strftime(value), value)  # noqa: DTZ007 - only whether it can be read
        except ValueError:
            usable = False
        else:
            usable = "%" in value
        if not usable:
            raise ValueError(
                f"{', '.join(DATE_FORMATS)} or a strptime format such as %Y-%m-%d %H:%M is expected"
            )
        return value

    @field_validator("item_url")
    @classmethod
    def _template(cls, value: str) -> str:
        if value and "{id}" not in value:
            raise ValueError("{id} is missing")
        try:
            value.format(id="1", origin="https://example.org")
        except (ValueError, LookupError):
            raise ValueError("only {id} and {origin} are filled in; write other braces twice") from None
        return value

    @field_validator("text", "files", "file_name", "file_text")
    @classmethod
    def _in_item(cls, value: str, info: ValidationInfo) -> str:
        kind = info.data.get("item_kind")
        in_html = kind == "html" or (kind == "inline" and info.data.get("kind") == "html")
        if info.field_name == "text" and in_html:
            from monitor.collectors.paste.markup import check_selector

            check_selector(value)
        elif value:
            _check_path(value)
        if info.field_name == "text" and kind == "inline" and not value and info.data.get("kind") == "json":
            raise ValueError("say where an item's text stands")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.item_kind == "json" and not self.text and not self.files:
            raise ValueError("text: a JSON item needs text or files")
        if self.item_kind != "inline" and not self.item_url and not self.url and self.kind != "feed":
            raise ValueError("item_url: say where an item is fetched, or take its url from the list")
        if not is_loopback(URL(self.list_url).host or ""):
            if self.poll_seconds < _LEAST_POLL:
                raise ValueError(f"poll_seconds: at least {_LEAST_POLL:.0f}, to be polite")
            if self.item_seconds < _LEAST_ITEM:
                raise ValueError(f"item_seconds: at least {_LEAST_ITEM:.0f}, to be polite")
        return self


@cache
def recipes() -> Mapping[str, Mapping[str, Any]]:
    """The ready ones by name, as they are written. Blocks at the first call."""
    text = files("monitor.collectors.paste").joinpath("recipes.toml").read_text("utf-8")
    return tomllib.loads(text)


def path_of(written: str) -> tuple[str, ...]:
    """`a.b.0` as its keys; "" is none."""
    return tuple(written.split(".")) if written else ()


def _check_path(written: str) -> None:
    if not all(key and key == key.strip() for key in path_of(written)):
        raise ValueError("a path of keys such as data.items is expected")
