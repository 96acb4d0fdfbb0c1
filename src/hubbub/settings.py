"""What can be set: one field is one setting, in `hubbub.toml`, as `HUBBUB_*` and as a flag."""

import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Literal

from platformdirs import user_data_dir
from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from hubbub.errors import BadName, ConfigError
from hubbub.hub.rules.limits import Limits
from hubbub.hub.rules.registration import Policy, Registration
from hubbub.model import Role, room_name

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["auto", "text", "json"]


def _data_folder() -> Path:
    try:
        return Path(user_data_dir("hubbub", appauthor=False))
    except RuntimeError:
        raise ConfigError(
            "data: has no default, because this user has no home folder; "
            "set it with --data or HUBBUB_DATA"
        ) from None


class Settings(Limits):
    """Every setting of the server, checked; sizes and durations as the end of each name says.

    It takes what is passed and nothing else: `config.load_settings` reads the file and the
    environment, because it must be able to say where a value came from.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False
    )

    host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="The address to listen on; 0.0.0.0 lets other machines in.",
        json_schema_extra={"allowed": "an address or a host name"},
    )
    port: int = Field(
        8080, ge=0, le=65535, description="The port to listen on; 0 takes any that is free."
    )
    data: Path = Field(
        default_factory=_data_folder,
        description="The folder that holds the database; "
        "a relative path starts at the working directory.",
        json_schema_extra={
            "allowed": "a folder; ~ is your home folder",
            "default_in_words": "your data folder, `~/.local/share/hubbub` on Linux",
        },
    )
    database: str | None = Field(
        None,
        description="Where the log is, if not in the data folder: a PostgreSQL database, which "
        "several servers may share.",
        json_schema_extra={
            "allowed": "postgresql://USER:PASSWORD@HOST:PORT/NAME, with libpq's options after a ?",
            "default_in_words": "an SQLite file in `data`",
        },
    )
    bus: str | None = Field(
        None,
        description="The NATS by which servers that share a `database` hear of each other at once.",
        json_schema_extra={
            "allowed": "nats://HOST:PORT or tls://HOST:PORT, more of a cluster after commas",
            "default_in_words": "none: such servers look into the log twice a second",
        },
    )
    require_synchronous: bool = Field(
        False,
        description="Whether a `database` without a synchronous standby, which would have "
        "everything that was acknowledged, is refused at the start.",
    )
    durability: Literal["full", "normal"] = Field(
        "full",
        description="With full an acknowledged message survives a power cut, "
        "with normal only a killed server.",
    )
    rate_limits: bool = Field(
        True, description="Whether a user or an address that asks for too much is slowed down."
    )
    registration: Literal["open", "invite", "closed"] | None = Field(
        None,
        description="How one becomes a member: by anybody's own wish, by invitation, or made by "
        "the operator alone.",
        json_schema_extra={
            "allowed": "open, invite or closed",
            "default_in_words": "open for this machine alone, else invite",
        },
    )
    guests: bool | None = Field(
        None,
        description="Whether one may come in without an account.",
        json_schema_extra={
            "allowed": "on or off",
            "default_in_words": "on where `registration` is open, else off",
        },
    )
    room_creation: Literal["guest", "member", "moderator", "admin", "owner"] = Field(
        "guest", description="The least role that may make rooms."
    )
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/@#?]+$",
        description="Where people reach this server, for the links of invitations.",
        json_schema_extra={
            "allowed": "an origin such as https://chat.example.org",
            "default_in_words": "where it listens",
        },
    )
    tls_cert: Path | None = Field(
        None,
        description="The certificate, with its chain, to serve https and wss with.",
        json_schema_extra={"allowed": "a PEM file, with tls_key", "default_in_words": "none"},
    )
    tls_key: Path | None = Field(
        None,
        description="The certificate's private key, without a password.",
        json_schema_extra={"allowed": "a PEM file, with tls_cert", "default_in_words": "none"},
    )
    allowed_hosts: tuple[str, ...] = Field(
        (),
        description="Names by which browsers may reach this server, besides its addresses, "
        "localhost and the machine's own name.",
        json_schema_extra={"allowed": "host names, as a list or with commas"},
    )
    allowed_origins: tuple[str, ...] = Field(
        (),
        description="Origins of other servers' pages that may use this one from a browser.",
        json_schema_extra={
            "allowed": "origins such as https://example.org, as a list or with commas"
        },
    )
    trusted_proxies: tuple[str, ...] = Field(
        (),
        description="Proxies whose `X-Forwarded-For` tells whose a connection is.",
        json_schema_extra={"allowed": "addresses or networks, as a list or with commas"},
    )
    push: bool = Field(
        True, description="Whether people are notified by their browsers while no client is open."
    )
    push_contact: str = Field(
        "mailto:nobody@example.org",
        pattern=r"^(mailto:|https://)\S+$",
        description="Whom the browsers' push services may write to about this server.",
        json_schema_extra={"allowed": "a mailto: or https: address"},
    )
    push_private: bool = Field(
        False,
        description="Whether push services in private networks, and by http, are called too.",
    )
    server_name: str = Field(
        "hubbub",
        max_length=64,
        pattern=r"^\P{Cc}+$",
        description="The name that clients show for this server.",
        json_schema_extra={"allowed": "1 to 64 characters, no control characters"},
    )
    default_room: str = Field(
        "lobby",
        max_length=64,
        pattern=r"^\w([\w.-]*\w)?$",
        description="The room that a client enters if it names none.",
        json_schema_extra={"allowed": "1 to 64 letters and digits, with _ . or - inside"},
    )
    log_level: LogLevel = Field(
        "info", description="The least important kind of log line that is written."
    )
    log_format: LogFormat = Field(
        "auto", description="How log lines look; auto is text on a terminal and json elsewhere."
    )

    @field_validator("*", mode="before")
    @classmethod
    def _is_no_number(cls, value: object, info: ValidationInfo) -> object:
        # Pydantic would make `port = true` port 1.
        field = cls.model_fields[str(info.field_name)]
        if isinstance(value, bool) and field.annotation not in {bool, bool | None}:
            raise ValueError("not a switch")
        return value

    @property
    def on_loopback(self) -> bool:
        """Whether the server listens on this machine alone."""
        try:
            return ip_address(self.host.partition("%")[0]).is_loopback
        except ValueError:
            return self.host.lower() == "localhost"

    @property
    def for_this_machine(self) -> bool:
        """Whether only the machine's own people are meant: nothing tells of others, as a proxy or
        a name in the network would.
        """
        known_elsewhere = self.public_url or self.trusted_proxies or self.allowed_hosts
        return self.on_loopback and not known_elsewhere

    @property
    def policy(self) -> Policy:
        """Who may come in, and how one becomes a member."""
        own = self.for_this_machine
        registration = Registration(self.registration or ("open" if own else "invite"))
        guests = registration is Registration.OPEN if self.guests is None else self.guests
        return Policy(
            registration,
            guests,
            first_is_owner=self.for_this_machine,
            room_creation=Role(self.room_creation),
        )

    @field_validator("database")
    @classmethod
    def _is_database(cls, url: str | None) -> str | None:
        if url is not None and not re.match(r"postgres(ql)?://", url):
            raise ValueError("not a PostgreSQL URL")
        return url

    @field_validator("bus")
    @classmethod
    def _has_database(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url is None:
            return None
        if not re.match(r"(nats|tls)://", url):
            raise ValueError("not a NATS URL")
        if info.data.get("database") is None:
            raise ValueError("it is for servers that share a `database`")
        return url

    @field_validator("registration", "guests", "public_url", "database", "bus", mode="before")
    @classmethod
    def _may_be_left_open(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("allowed_hosts", "allowed_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("default_room")
    @classmethod
    def _is_room(cls, name: str) -> str:
        try:
            return room_name(name)
        except BadName as error:
            raise ValueError(str(error)) from None

    @field_validator("allowed_hosts")
    @classmethod
    def _are_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        if any(re.search(r"[\s/:@]|^$", host) for host in hosts):
            raise ValueError("not a host name")
        return hosts

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"https?://[^\s/@]+/?", origin) for origin in origins):
            raise ValueError("not an origin")
        return origins

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            ip_network(proxy, strict=False)
        return proxies

    @field_validator("data", "tls_cert", "tls_key", mode="before")
    @classmethod
    def _expand_home(cls, value: object, info: ValidationInfo) -> object:
        if value == "" and info.field_name != "data":
            return None
        if not isinstance(value, str | Path):
            return value
        if not str(value) or "\0" in str(value):
            raise ValueError("not a path")
        try:
            return Path(value).expanduser()
        except RuntimeError as error:
            raise ValueError("no such home folder") from error
