"""Completion for the line client: commands, rooms, and the names of people."""

from collections.abc import Callable, Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from hubbub.client.completion import Sources, fitting, wanted
from hubbub.client.line.conversation import Conversation
from hubbub.client.typed import OWN_COMMANDS


def candidates(text: str, conversation: Conversation) -> tuple[str, list[str]]:
    """The word before the cursor, and what it may become, in order."""
    commands = (*conversation.chat.welcome.commands, *OWN_COMMANDS)
    names = {info.name for info in commands}
    before, _, word = text.rpartition(" ")
    if not before and word.startswith("/"):
        return word, _sorted(fitting(word, (f"/{name}" for name in names)))
    people = conversation.state.names
    rooms = {*conversation.public_rooms, *conversation.known_rooms}
    argument = wanted(text, commands)
    if argument is not None and not argument.in_text:
        sources = Sources(_sorted(people), _sorted(rooms), _sorted(names))
        return argument.word, list(argument.choices(sources))
    found = _sorted(fitting(word, people)) if word or argument is not None else []
    return word, [*(argument.choices(Sources()) if argument is not None else ()), *found]


def _sorted(words: Iterable[str]) -> list[str]:
    return sorted(words, key=str.casefold)


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
