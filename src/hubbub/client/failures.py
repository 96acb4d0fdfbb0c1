"""Why a server was not reached or did not let one in, in sentences for a person."""

import socket
import ssl

import aiohttp

from hubbub.client.address import Address
from hubbub.errors import (
    BadName,
    BadPassword,
    ConnectionFailed,
    HubbubError,
    NameTaken,
    NotSignedIn,
    Refusal,
)
from hubbub.protocol.close_codes import SIGNED_OUT

TOO_BIG = 1009
"""Close codes (docs/protocol.md)."""


class HandshakeRefused(ConnectionFailed):
    """Something answered at the address, by HTTP and not by a chat; `status` is what it said."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class PlainServer(ConnectionFailed):
    """The server speaks no `hubbub.v1`; it may be one that `connect_plain` can talk to."""


def explain(error: Exception, address: Address) -> ConnectionFailed:
    """What went wrong on the way to a server, and what to do."""
    where = address.shown
    match error:
        case TimeoutError():
            return ConnectionFailed(
                f"{where} did not answer in time; is it the right address, or is a firewall "
                "in between?"
            )
        case aiohttp.WSServerHandshakeError(status=status):
            return HandshakeRefused(_handshake_sentence(where, status), status)
        case aiohttp.ClientConnectorCertificateError(certificate_error=cause):
            return ConnectionFailed(
                f"{where} cannot prove who it is: {certificate_sentence(cause)}"
            )
        case aiohttp.ClientConnectorSSLError():
            return ConnectionFailed(
                f"{where} does not speak TLS as expected ({_reason(error)}); "
                "if it has none, take ws:// or http://."
            )
        case aiohttp.ClientConnectorDNSError() | socket.gaierror():
            return ConnectionFailed(
                f"There is no host called {address.host!r}; check the spelling and the network."
            )
        case aiohttp.ClientConnectorError(os_error=cause):
            return ConnectionFailed(f"Cannot reach {where}: {os_sentence(cause)}")
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
            return ConnectionFailed(
                f"{where} hung up during the handshake; if it speaks TLS, take wss:// or https://."
            )
        case _:
            return ConnectionFailed(f"Cannot talk to {where}: {_reason(error)}.")


def what_broke(fault: Exception) -> str:
    """Why a line ended on which the web library raised this, in a few words."""
    match fault:
        case aiohttp.ServerDisconnectedError() | ConnectionError():
            return "the server is gone"
        case _:
            return f"the line broke ({_reason(fault)})"


def own_fault(error: Exception) -> ConnectionFailed:
    """A fault of this program's beside a line, as what ended the conversation; with its cause."""
    fault = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
    ending = ConnectionFailed(f"hubbub's client has a fault; please report it: {fault!r}.")
    ending.__cause__ = fault
    return ending


def os_sentence(cause: OSError) -> str:
    """An error of the operating system's in words."""
    if isinstance(cause, ConnectionRefusedError):
        return "nothing listens there; is the server running, and is the port right?"
    return f"{cause.strerror or cause}."


def certificate_sentence(cause: Exception) -> str:
    """What is wrong with a certificate."""
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({cause.verify_message})."
    return f"its certificate is not accepted ({cause})."


def _handshake_sentence(where: str, status: int) -> str:
    match status:
        case 404 | 405:
            return f"{where} is a web server without a chat at this path (HTTP {status})."
        case 400 | 426:
            return f"{where} does not take this WebSocket handshake (HTTP {status})."
        case 403:
            return (
                f"{where} does not know itself by that name, or lets nobody in from here "
                "(HTTP 403); names are added by its setting allowed_hosts."
            )
        case 401:
            return f"{where} lets nobody in this way (HTTP {status})."
        case 200 | 301 | 302 | 307 | 308:
            return f"{where} is a web server and not a chat server (HTTP {status})."
        case 429 | 503:
            return f"{where} is full or not ready (HTTP {status}); try again later."
        case _:
            return f"{where} refused the WebSocket handshake (HTTP {status})."


def _reason(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__


def is_about_the_name(refusal: Refusal) -> bool:
    """Whether another name may be taken instead."""
    return isinstance(refusal, NameTaken | BadName) and refusal.room is None


def signed_out(failure: HubbubError | None) -> bool:
    """Whether a session has ended for good, and is not worth keeping."""
    return isinstance(failure, ConnectionFailed) and failure.code == SIGNED_OUT


def is_about_signing_in(refusal: Refusal) -> bool:
    """Whether a name and its password may help."""
    about_both = isinstance(refusal, NotSignedIn | BadPassword)
    return about_both or (isinstance(refusal, NameTaken) and refusal.room is None)
