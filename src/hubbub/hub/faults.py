"""Faults of our own: each is logged with its type, and whomever it does not concern goes on."""

from types import TracebackType

from structlog import get_logger

from hubbub.errors import HubbubError, Internal

log = get_logger(__name__)


class _Contained:
    """The way out of a block, behind which everything goes on."""

    __slots__ = ("_facts", "_what")

    def __init__(self, what: str, facts: dict[str, object]) -> None:
        self._what = what
        self._facts = facts

    def __enter__(self) -> None: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if isinstance(error, HubbubError):
            log.error(self._what, error=str(error), **self._facts)
        elif isinstance(error, Exception):
            fault = type(error).__name__
            log.error(self._what, fault=fault, exc_info=error, **self._facts)
        else:
            return False
        return True


def contained(what: str, **facts: object) -> _Contained:
    """Goes on behind the block whatever it raises, and logs that; a cancellation passes."""
    return _Contained(what, facts)


def sorry() -> Internal:
    """The answer to whoever met a fault; the log has the details."""
    return Internal("The server made a mistake; its log has the details. Try again.")
