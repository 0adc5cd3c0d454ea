"""[web]: where console, API and ingest listen, and who may use them."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

RoleName = Literal["viewer", "responder", "admin"]
_HEADER = r"^[A-Za-z0-9][A-Za-z0-9-]{0,63}$"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WebTokenSettings(_Table):
    """[[web.tokens]]: a token of one person or program."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9@._-]{0,63}$", description="stands in the access log; each once"
    )
    role: RoleName = Field(
        "viewer", description="viewer reads, responder acts on exposures, admin everything"
    )
    file: Path = Field(description="holds the token, 16 or more characters; readable by its owner alone")


class ProxySettings(_Table):
    """A reverse proxy that signs people in and says in headers who they are. In use once `trusted` names it."""

    trusted: tuple[str, ...] = Field((), description="its addresses or networks: nobody else's headers count")
    user_header: str = Field("X-Forwarded-User", pattern=_HEADER, description="has the user's name")
    email_header: str = Field(
        "X-Forwarded-Email", pattern=f"{_HEADER}|^$", description='has his address; "" = none'
    )
    groups_header: str = Field(
        "X-Forwarded-Groups", pattern=f"{_HEADER}|^$", description='has his groups; "" = none'
    )
    groups_separator: str = Field(",", min_length=1, max_length=1, description="stands between two groups")
    groups: dict[str, RoleName] = Field(
        default_factory=dict, description='group -> role, { security = "responder" }; the highest counts'
    )
    everybody: Literal["", "viewer", "responder", "admin"] = Field(
        "", description='the role of who is in none of the groups; "" = refused'
    )

    @field_validator("trusted")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            try:
                network = ipaddress.ip_network(entry, strict=False)
            except ValueError:
                raise ValueError(f"{entry!r} is neither an address nor a network") from None
            if network.prefixlen == 0:
                raise ValueError(f"{entry} is everybody: name the proxy's own addresses")
        return value

    @model_validator(mode="after")
    def _somebody_has_a_role(self) -> Self:
        if self.trusted and not self.groups and not self.everybody:
            raise ValueError("nobody would have a role: give groups, or everybody")
        return self


class WebSettings(_Table):
    """Console, API and ingest."""

    host: str = Field(
        "127.0.0.1", description="where it listens; beyond loopback nobody is let in without a token"
    )
    port: int = Field(8686, ge=0, le=65535, description="0 = any free one")
    allowed_hosts: tuple[str, ...] = Field((), description="further names under which the console is reached")
    token_file: Path | None = Field(
        None,
        description="an admin's token; one, or tokens or a proxy, are needed when `host` is not loopback",
    )
    tokens: tuple[WebTokenSettings, ...] = Field((), description="[[web.tokens]]: name, role, file")
    proxy: ProxySettings = ProxySettings.model_validate({})
    requests_per_minute: int = Field(
        1200, ge=10, description="of one person, or of one address that is not signed in; beyond it 429"
    )

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        names = [each.name for each in self.tokens] + (["admin"] if self.token_file else [])
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"tokens: {name} is there twice (token_file is admin)")
        return self
