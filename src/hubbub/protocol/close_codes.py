"""The codes with which a WebSocket is closed that both sides give a meaning (docs/protocol.md)."""

COME_AGAIN, SIGNED_OUT, BANNED, TOO_SLOW, FLOODING = 1012, 4001, 4003, 4008, 4029
BYE = 1000
"""With the reason `bye` this is the answer to who wanted to go; with another one may come again."""
MALFORMED = 4000

SENTENCES = {
    COME_AGAIN: "The server asks to come in again.",
    MALFORMED: "The server did not understand this client.",
    SIGNED_OUT: "You are signed out here.",
    BANNED: "You are banned from this server.",
    TOO_SLOW: "What was sent was not taken fast enough.",
    FLOODING: "This client sent too much.",
}
"""What a person is told of each."""
