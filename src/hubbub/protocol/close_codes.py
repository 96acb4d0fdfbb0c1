"""The codes with which a WebSocket is closed that both sides give a meaning (docs/protocol.md)."""

COME_AGAIN, SIGNED_OUT, BANNED, TOO_SLOW, FLOODING = 1012, 4001, 4003, 4008, 4029
MALFORMED = 4000

SENTENCES = {
    COME_AGAIN: "The server asks to come in again.",
    MALFORMED: "The server closed the connection: it found this client out of order.",
    SIGNED_OUT: "You are signed out here.",
    BANNED: "You are banned from this server.",
    TOO_SLOW: "What was sent was not taken fast enough.",
    FLOODING: "This client sent too much.",
}
"""What a person is told of each."""
