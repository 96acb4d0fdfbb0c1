"""Every bound of the chat itself: one field is one setting.

`hubbub.config.Settings` inherits these, so that each can be set in `hubbub.toml`, by `HUBBUB_*`
and is listed in docs/configuration.md without being named a second time.
"""

from pydantic import BaseModel, ConfigDict, Field

RECIPIENTS = 16
"""How many people one whisper goes to."""


class Limits(BaseModel):
    """Bounds in bytes, seconds, hours or counts, as the end of each name says."""

    model_config = ConfigDict(frozen=True, validate_default=True)

    text_bytes: int = Field(
        16 * 1024, ge=1, le=1024 * 1024, description="The longest message, in bytes of UTF-8."
    )
    topic_bytes: int = Field(
        1024, ge=1, le=16 * 1024, description="The longest topic, in bytes of UTF-8."
    )
    frame_bytes: int = Field(
        64 * 1024,
        ge=1024,
        le=16 * 1024 * 1024,
        description="The largest frame that a client may send; a larger one closes it with 1009.",
    )
    outbox_bytes: int = Field(
        2 * 1024 * 1024,
        ge=64 * 1024,
        description="What may wait for one slow client before it is closed with 4008.",
    )
    page_bytes: int = Field(
        256 * 1024,
        ge=16 * 1024,
        description="Where a page of history ends early, in bytes of text; `more` is then true.",
    )
    resume_events: int = Field(
        1000,
        ge=1,
        le=10_000,
        description="The most missed events that `replay` carries; past it the client gets `gap`.",
    )
    in_flight_requests: int = Field(
        64,
        ge=1,
        description="Unanswered posts of one connection before the server stops reading from it.",
    )
    commit_queue_requests: int = Field(
        10_000,
        ge=1,
        description="Requests that may wait for the next commit before the server stops reading.",
    )
    commit_batch_requests: int = Field(
        2_000, ge=1, description="The most requests that one transaction takes."
    )
    search_timeout_s: float = Field(
        1.0,
        ge=0.1,
        le=60,
        description="How long one search may run; then it answers with what it found, and `next`.",
    )
    searches: int = Field(
        16, ge=1, description="Searches at once on the whole server; one more gets `unavailable`."
    )
    searches_per_address: int = Field(
        8,
        ge=1,
        description="Searches at once of one address, else `rate_limited`; no limit where "
        "`rate_limits` is off.",
    )
    searches_per_user: int = Field(
        2,
        ge=1,
        description="Searches at once of one user, else `rate_limited`; no limit where "
        "`rate_limits` is off.",
    )
    max_connections: int = Field(
        16_000, ge=1, description="Connections to the whole server; one more gets `server_full`."
    )
    connections_per_address: int = Field(
        12_000,
        ge=1,
        description="Connections from one address; no limit where `rate_limits` is off.",
    )
    connections_per_room: int = Field(
        16_000, ge=1, description="Connections in one room; one more gets `room_full`."
    )
    rooms_per_connection: int = Field(
        200, ge=1, description="Rooms that one connection may be in at a time."
    )
    empty_rooms: int = Field(
        1_000,
        ge=1,
        description="Rooms without a connection that are kept in memory for the next one.",
    )
    ignored_users: int = Field(
        200, ge=1, description="Names on the ignore list of one plain connection."
    )
    malformed_requests: int = Field(
        1_000,
        ge=1,
        description="Malformed requests in a row before a connection is closed with 4000.",
    )
    handshakes: int = Field(
        2_000,
        ge=1,
        description="Connections that are no WebSocket, or not yet; one more ends the oldest, "
        "if it had a second.",
    )
    handshake_timeout_s: float = Field(
        10.0, gt=0, description="How long a connection may take to send its first request."
    )
    hello_timeout_s: float = Field(
        10.0,
        gt=0,
        description="How long a JSON client may take to say `hello`, while the server waits for "
        "it; then 4000.",
    )
    ping_s: float = Field(
        20.0, gt=0, description="A ping after this silence; two unanswered ones end a connection."
    )
    close_timeout_s: float = Field(
        2.0, gt=0, description="How long a closing handshake may take before the line is cut."
    )
    drain_s: float = Field(
        5.0, gt=0, description="How long a stopping server waits for requests and close frames."
    )
    node_lease_s: float = Field(
        10.0,
        ge=1,
        le=3600,
        description="How long a server that shares its log may be silent before the others take "
        "it, and whoever was there, for gone.",
    )
    guest_session_h: float = Field(
        24.0, gt=0, description="How long a guest's name and whispers are kept after leaving."
    )
    session_days: int = Field(
        30,
        ge=1,
        le=3650,
        description="How long a member who is away stays signed in on a device.",
    )
    address_retention_h: float = Field(
        168.0,
        ge=1,
        le=24 * 365,
        description="How long the address of somebody is kept who was banned or muted.",
    )
    sign_in_timeout_s: float = Field(
        60.0,
        gt=0,
        description="How long a plain connection may take to sign in where there are no guests; "
        "then 4001.",
    )
    retention_days: int = Field(
        0,
        ge=0,
        description="Messages older than this are deleted, each room's oldest first; "
        "0 keeps them forever.",
    )
    presence_room_limit: int = Field(
        200,
        ge=1,
        description="Members above which a room's presence and typing become a `count`.",
    )
    count_interval_s: float = Field(
        2.0, gt=0, description="The shortest time between two `count` events of one room."
    )
    typing_interval_s: float = Field(
        3.0, gt=0, description="`typing` of one user in one room is passed on once in this time."
    )
    posts_per_s: float = Field(
        20.0, gt=0, description="Posts and whispers a second that one user may keep up."
    )
    posts_burst: int = Field(
        200, ge=1, description="Posts and whispers that one user may send at once."
    )
    commands_per_s: float = Field(
        20.0, gt=0, description="Other requests and commands a second that one user may keep up."
    )
    commands_burst: int = Field(
        200, ge=1, description="Other requests and commands that one user may send at once."
    )
    address_posts_per_s: float = Field(
        1_000.0, gt=0, description="Posts and whispers a second of all users of one address."
    )
    address_posts_burst: int = Field(
        10_000, ge=1, description="Posts and whispers that one address may send at once."
    )
    address_commands_per_s: float = Field(
        1_000.0, gt=0, description="Other requests and commands a second of one address."
    )
    address_commands_burst: int = Field(
        20_000, ge=1, description="Other requests and commands that one address may send at once."
    )
    connects_per_s: float = Field(
        100.0, gt=0, description="Connections and HTTP requests a second of one address."
    )
    connects_burst: int = Field(
        10_000, ge=1, description="Connections and HTTP requests that one address may make at once."
    )
    frames_per_s: float = Field(
        5_000.0, gt=0, description="WebSocket frames of any kind a second of one address."
    )
    frames_burst: int = Field(
        100_000, ge=1, description="WebSocket frames that one address may send at once."
    )
    failed_sign_ins_per_s: float = Field(
        5.0, gt=0, description="Wrong tokens a second that one address may try."
    )
    failed_sign_ins_burst: int = Field(
        500, ge=1, description="Wrong tokens that one address may try at once."
    )
    name_passwords_per_s: float = Field(
        0.1, gt=0, description="Wrong passwords a second that may be tried for one name."
    )
    name_passwords_burst: int = Field(
        10, ge=1, description="Wrong passwords that may be tried for one name at once."
    )
    address_passwords_per_s: float = Field(
        0.5, gt=0, description="Wrong passwords a second that one address may try."
    )
    address_passwords_burst: int = Field(
        50, ge=1, description="Wrong passwords that one address may try at once."
    )
    flood_refusals: int = Field(
        200,
        ge=1,
        description="Requests refused as `rate_limited` before a connection that does not wait is "
        "closed with 4029.",
    )
    addresses: int = Field(20_000, ge=1, description="Addresses whose rates are remembered.")
