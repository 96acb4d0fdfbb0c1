"""The line client on a terminal: what arrives is printed above the line that is being typed."""

import asyncio
import contextlib
import math
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from functools import partial

from platformdirs import user_state_path
from prompt_toolkit import PromptSession
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.shortcuts import CompleteStyle

from hubbub.client import saved
from hubbub.client.address import Address, parse_address
from hubbub.client.backoff import Backoff
from hubbub.client.calls import Bounds
from hubbub.client.changes import NewGuest
from hubbub.client.chat import Chat
from hubbub.client.connect import connect
from hubbub.client.failures import PlainServer, is_about_signing_in, is_about_the_name, signed_out
from hubbub.client.line import ASK_NAME
from hubbub.client.line.completion import ConversationCompleter
from hubbub.client.line.conversation import Conversation
from hubbub.client.line.history import input_history
from hubbub.client.line.keyboard import keyboard
from hubbub.client.line.look import Look, colour_allowed, room_label
from hubbub.client.options import JoinOptions
from hubbub.client.plain import PlainConnection, connect_plain
from hubbub.client.retry import Retry
from hubbub.client.sentences import of_no_use, retrying
from hubbub.client.typed import Quit, Say, Wrong, is_farewell, masked, read_plainly, read_typed
from hubbub.client.wish import Wish, kept_token, wish_for
from hubbub.errors import BadToken, ConfigError, ConnectionFailed, NameTaken, NotSignedIn, Refusal
from hubbub.model import UserKind
from hubbub.protocol.plain import clean, notice, refusal

TYPED_LINES = 100
"""Lines that may wait while the server is away."""
ANSWERS_S = 4.0
"""How long leaving waits for the server to take what was said."""
COUNTED_S = 1.0
INTERRUPTED = 130
INTERRUPT = "\x03"


def show(line: str) -> None:
    """Prints above the prompt."""
    sys.stdout.write(line + "\n")


async def run_terminal(options: JoinOptions) -> int:
    """Talks until the person ends it; the exit code."""
    try:
        return await _talk(options)
    except EOFError:
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED


async def _talk(options: JoinOptions) -> int:
    address = parse_address(options.url)
    server = saved.Server(address.http_url)
    wish = wish_for(options, server, saved.load(), address)
    if wish.nobody:
        await _ask(wish)
    while True:
        try:
            async with connect(
                options.url,
                name=wish.name,
                token=wish.token,
                password=wish.password,
                register=wish.registers,
                invite=wish.invite,
                rooms=wish.rooms or None,
                kept_token=None if options.token else partial(kept_token, address),
                backlog=True,
                keep_session=True,
                # What is not answered by then has been waited for and told.
                bounds=Bounds(give_up_s=math.inf, close_timeout_s=0.0),
            ) as chat:
                return await _converse(options, address, wish, chat)
        except BadToken:
            token = wish.token or ""
            if not wish.forget_session():
                raise
            saved.change(partial(saved.without_session, address=address, token=token))
        except PlainServer:
            show(notice("This server knows only plain text: no resume, no history, no commands."))
            if (unused := of_no_use(options)) is not None:
                show(notice(unused))
            return await _Terminal().talk_plainly(partial(connect_plain, options.url))
        except Refusal as error:
            if is_about_the_name(error) or is_about_signing_in(error):
                show(refusal(str(error)))
                await _ask(wish, error)
            elif not wish.pass_over(error):
                raise


async def _converse(options: JoinOptions, address: Address, wish: Wish, chat: Chat) -> int:
    room = wish.session.room if wish.session is not None and not options.rooms else None
    terminal = _Terminal()

    def remember() -> None:
        if options.token is None:
            with contextlib.suppress(ConfigError):
                # One talks on where nothing can be kept.
                saved.change(with_session)

    def with_session(kept: saved.Saved) -> saved.Saved:
        # Of a guest whom the server forgot meanwhile, too, what is kept is kept on.
        former = saved.session_for(kept, address, chat.name) or wish.session
        session = saved.Session(
            chat.session, chat.name, conversation.public_rooms, conversation.room
        )
        if former is not None:
            session = saved.grown(former, session)
        return saved.with_session(kept, address, session)

    conversation = Conversation(chat, terminal.look, show, room=room, changed=remember)
    if wish.forgotten and chat.user.kind == UserKind.GUEST:
        show(notice(str(NewGuest(chat.name))))
    remember()
    try:
        return await terminal.talk(conversation)
    finally:
        if signed_out(chat.failure):
            if options.token is None:
                forget = partial(saved.without_session, address=address, token=chat.session)
                with contextlib.suppress(ConfigError):
                    saved.change(forget)
        else:
            remember()


async def _ask(wish: Wish, why: Refusal | None = None) -> None:
    """Asks for a name, and where it may help for a password.

    Where there are no guests an account may be made, by an invitation or where that is open to all.

    Raises EOFError for whoever leaves instead.
    """
    former, wish.password = wish.name, None
    if former is None or not isinstance(why, NotSignedIn):
        session: PromptSession[str] = PromptSession(input=keyboard())
        answer = await session.prompt_async(ASK_NAME)
        if is_farewell(answer):
            raise EOFError
        wish.name = answer.strip() or None
    # Another name than the one that somebody holds may go without.
    other = isinstance(why, NameTaken) and wish.name != former
    signing_in = why is not None and is_about_signing_in(why) and not other
    if wish.name is None or not (signing_in or wish.invite is not None):
        return
    if wish.invite is None:
        wish.new = isinstance(why, NotSignedIn) and await _is_new()
    secret: PromptSession[str] = PromptSession(input=keyboard())
    asked = "A new password: " if wish.invite or wish.new else "Your password, as a member: "
    wish.password = await secret.prompt_async(asked, is_password=True) or None


async def _is_new() -> bool:
    session: PromptSession[str] = PromptSession(input=keyboard())
    answer = await session.prompt_async("Enter to sign in, or `new` to make an account: ")
    if is_farewell(answer):
        raise EOFError
    return answer.strip().lower() == "new"


class _Terminal:
    """One prompt and what runs beside it.

    The prompt runs without a break from the first line to the last: between two prompts the
    terminal would echo what is typed into the middle of the conversation.
    """

    def __init__(self) -> None:
        self.look = Look(colour_allowed(os.environ))
        self._conversation: Conversation | None = None
        self._interrupted = False
        self._lines: asyncio.Queue[str] = asyncio.Queue(TYPED_LINES)
        self._typed: list[str] = []
        self._retry = Retry(Backoff())
        self._session: PromptSession[str] = PromptSession(
            self._prompt,
            history=input_history(user_state_path("hubbub") / "history"),
            completer=ConversationCompleter(lambda: self._conversation),
            complete_while_typing=False,
            complete_style=CompleteStyle.READLINE_LIKE,
            key_bindings=self._keys(),
            erase_when_done=True,
            input=keyboard(),
        )
        self._session.default_buffer.accept_handler = self._accept

    def _prompt(self) -> str:
        if self._conversation is None:
            return "> "
        in_s = self._conversation.chat.retry_in_s
        soon = "" if in_s is None else f"Trying again in {math.ceil(in_s)} s; Enter tries now.\n"
        away = "" if self._conversation.state.connected else " (not connected)"
        room = self._conversation.room
        return f"{soon}{room_label(room).removeprefix('#') if room else 'no room'}{away}> "

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("c-c")
        def _(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            if self._interrupted and not buffer.text:
                # An exception would leave through the event loop, not through the prompt.
                event.app.exit(result=INTERRUPT)
                return
            self._interrupted = True
            buffer.reset()
            show(self.look.faint("^C once more, or ^D, ends hubbub."))

        return keys

    def _accept(self, buffer: Buffer) -> bool:
        self._interrupted = False
        self._retry.now()
        if self._conversation is not None:
            self._conversation.chat.retry_now()
        wish = read_typed(buffer.text)
        if isinstance(wish, Quit):
            self._session.app.exit(result="")
        elif wish is not None and self._lines.full():
            show(refusal("Too much is waiting to be sent; this line was not taken."))
            return True
        elif wish is not None:
            self._lines.put_nowait(buffer.text)
            self._typed.append(buffer.text)
        return False

    async def talk(self, conversation: Conversation) -> int:
        """A conversation with a server of ours, until the person or the server ends it."""
        self._conversation = conversation

        async def take(line: str) -> None:
            typed = read_typed(line)
            if typed is not None:
                await conversation.do(typed)

        async def listen() -> None:
            async for event in conversation.chat:
                conversation.take(event)
                await conversation.follow_up()

        with patch_stdout(raw=True):
            conversation.greet()
            return await self._run(
                listen(),
                take,
                conversation.learn_members(),
                conversation.mark_read(),
                self._count_down(conversation.chat),
            )

    async def _count_down(self, chat: Chat) -> None:
        while True:
            await asyncio.sleep(COUNTED_S)
            if not chat.is_up:
                self._session.app.invalidate()

    async def talk_plainly(
        self, dial: Callable[[], AbstractAsyncContextManager[PlainConnection]]
    ) -> int:
        """Lines out, lines in, with any other server; dials again when the line breaks."""
        current: PlainConnection | None = None
        was_lost = False

        async def listen() -> None:
            nonlocal current, was_lost
            while True:
                try:
                    async with dial() as current:
                        if was_lost:
                            show(notice("Connected again; what was said meanwhile is not known."))
                        was_lost = False
                        self._retry.steady()
                        async for text in current:
                            show(clean(text))
                    return
                except ConnectionFailed as error:
                    current = None
                    wait_s, was_lost = self._retry.delay_s(), True
                    show(notice(f"Connection lost: {retrying(str(error), wait_s)}"))
                    await self._retry.wait(wait_s)

        async def take(line: str) -> None:
            try:
                match read_plainly(line):
                    case Say(text=text):
                        if current is None:
                            raise ConnectionFailed("There is no connection.")
                        await current.send(text)
                    case Wrong(why=why):
                        show(refusal(f"Not sent: {masked(line)} ({why})"))
                    case Quit() | None:
                        pass
            except ConnectionFailed as error:
                show(refusal(f"Not sent: {masked(line)} ({error})"))

        with patch_stdout(raw=True):
            return await self._run(listen(), take)

    async def _run(
        self,
        listening: Coroutine[None, None, None],
        take: Callable[[str], Awaitable[None]],
        *beside: Coroutine[None, None, None],
    ) -> int:
        code = 0
        try:
            async with asyncio.TaskGroup() as group:
                prompt = group.create_task(self._type())
                listener = group.create_task(_until_lost(listening))
                tasks = [prompt, listener, group.create_task(self._carry_out(take))]
                tasks += [group.create_task(_all_of(work)) for work in beside]
                await asyncio.wait({prompt, listener}, return_when=asyncio.FIRST_COMPLETED)
                code = prompt.result() if prompt.done() else listener.result()
                if not listener.done():
                    await self._await_answers()
                for task in tasks:
                    task.cancel()
        finally:
            code = self._tell_unsent() or code
        return code

    @property
    def _unsent(self) -> list[str]:
        """What was typed and no answer has come to, in the order of typing."""
        waiting = self._conversation.unanswered if self._conversation is not None else ()
        return [*waiting, *self._typed]

    def _tell_unsent(self) -> int:
        unsent = self._unsent
        if self._conversation is not None:
            self._conversation.give_up()
        for text in unsent:
            show(refusal(f"Not sent, as far as the server has told: {masked(text)}"))
        return 1 if unsent else 0

    async def _await_answers(self) -> None:
        if not self._unsent:
            return
        show(notice(f"Waiting up to {ANSWERS_S:g} s for the server to take what was said."))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWERS_S):
                await self._lines.join()
                if self._conversation is not None:
                    await self._conversation.answered()

    async def _type(self) -> int:
        try:
            end = await self._session.prompt_async()
        except EOFError:
            return 0
        return INTERRUPTED if end == INTERRUPT else 0

    async def _carry_out(self, take: Callable[[str], Awaitable[None]]) -> int:
        while True:
            line = await self._lines.get()
            try:
                await take(line)
            except ConnectionFailed:
                # The listener is told as well, and says so.
                return 1
            del self._typed[0]
            self._lines.task_done()
            self._session.app.invalidate()


async def _all_of(work: Coroutine[None, None, None]) -> int:
    await work
    return 0


async def _until_lost(listening: Coroutine[None, None, None]) -> int:
    try:
        await listening
    except ConnectionFailed as error:
        show(refusal(f"Connection lost: {error}"))
        return 1
    return 0
