"""Work that waits for a thread: in turn by whom it is for, so that who brings much waits alone."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Piece:
    """A call that waits, and what becomes of it; whoever gave it up has cancelled `done`."""

    call: Callable[[], object]
    done: asyncio.Future[object] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Turns:
    """Pieces by whom they are for; each of them has one turn, then it is the next one's.

    At most so many wait as is said. Where that is reached, the latest piece of whoever has most
    gives way to one of somebody who has fewer.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[Piece]] = OrderedDict()
        self._pieces = 0

    def __len__(self) -> int:
        return self._pieces

    def add(self, whose: str, piece: Piece, most: int) -> Piece | None:
        """Lets a piece wait; the one that finds no place among `most`, which may be this one."""
        if self._pieces >= most:
            greediest = max(self._waiting, key=lambda each: len(self._waiting[each]), default="")
            own = len(self._waiting.get(whose, ()))
            if len(self._waiting.get(greediest, ())) <= own + 1:
                return piece
            given_way = self._waiting[greediest].pop()
        else:
            given_way = None
            self._pieces += 1
        self._waiting.setdefault(whose, deque()).append(piece)
        return given_way

    def next(self) -> Piece | None:
        """Whose turn it is; None where nothing waits."""
        while self._waiting:
            whose, pieces = self._waiting.popitem(last=False)
            piece = pieces.popleft()
            self._pieces -= 1
            if pieces:
                self._waiting[whose] = pieces
            if not piece.done.done():
                return piece
        return None


def settle(done: asyncio.Future[object], work: asyncio.Future[object]) -> None:
    """Ends one future as another has ended, unless nobody waits for it any more."""
    if done.done():
        if not work.cancelled():
            work.exception()  # looked at, so that nothing complains
    elif work.cancelled():
        done.cancel()
    elif (error := work.exception()) is not None:
        done.set_exception(error)
    else:
        done.set_result(work.result())
