"""Completion for the line client: commands, rooms, and the names of people."""

from collections.abc import Callable, Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from hubbub.client.line.conversation import Conversation
from hubbub.client.typed import OWN_COMMANDS
from hubbub.model import room_title

_ROOM_COMMANDS = frozenset({"/join", "/j", "/leave", "/part", "/who"})


def candidates(text: str, conversation: Conversation) -> tuple[str, list[str]]:
    """The word before the cursor, and what it may become, in order."""
    before, _, word = text.rpartition(" ")
    command = before.split(" ", 1)[0].lower() if before else ""
    if not before and word.startswith("/"):
        names = {info.name for info in conversation.chat.welcome.commands} | set(OWN_COMMANDS)
        return word, _fitting(word, (f"/{name}" for name in names))
    if command in _ROOM_COMMANDS:
        rooms = {*conversation.public_rooms, *conversation.known_rooms}
        titled = {room for room in rooms if _fitting(word, [room_title(room)])}
        return word, sorted(titled.union(_fitting(word, rooms)), key=str.casefold)
    if command in {"/whisper", "/w", "/msg"} and " " not in before:
        # Several names stand with commas between them.
        word = word.rpartition(",")[2]
    return word, _fitting(word, conversation.state.names) if word or command else []


def _fitting(word: str, words: Iterable[str]) -> list[str]:
    start = word.casefold()
    return sorted(
        (candidate for candidate in words if candidate.casefold().startswith(start)),
        key=str.casefold,
    )


class ConversationCompleter(Completer):
    """What Tab offers; nothing before there is a conversation."""

    def __init__(self, conversation: Callable[[], Conversation | None]) -> None:
        self._conversation = conversation

    def get_completions(
        self,
        document: Document,
        complete_event: CompleteEvent,
    ) -> Iterable[Completion]:
        conversation = self._conversation()
        if conversation is None:
            return
        word, found = candidates(document.text_before_cursor, conversation)
        for candidate in found:
            yield Completion(candidate, start_position=-len(word))
