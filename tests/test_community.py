"""A server with a door, as people meet it: a real server, every client, the command line."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect

import hubbub
from hubbub.errors import BadPassword, BadToken, NotSignedIn
from tests.accounts import PASSWORD, account, user
from tests.conftest import WAIT_S, Serve, Server, line, new_server
from tests.deadline import within

pytestmark = pytest.mark.real


def program(server: Server, *words: str, secret: str = "") -> subprocess.CompletedProcess[str]:
    """The same as `user`, by a program of its own."""
    command = [*server.program, "user", *words, *server.log_flags]
    return run(command, secret and f"{secret}\n", server.env)


def run(command: list[str], lines: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, input=lines, env=env, capture_output=True, text=True, timeout=60, check=False
    )


def owner(server: Server) -> None:
    made = program(server, "add", "ann", "--password-stdin", secret=PASSWORD)
    assert (made.stdout, made.stderr) == ("ann is owner now.\n", "")


async def ended(socket: ClientConnection) -> int:
    """The code by which the other side ends it."""
    async with within(WAIT_S):
        await socket.wait_closed()
    assert socket.close_code is not None
    return socket.close_code


async def drained(chat: hubbub.Chat) -> None:
    async with within(WAIT_S):
        async for _ in chat:
            pass


@pytest.fixture
def house(serve: Serve) -> Server:
    """A server for members, with ann as its owner."""
    server = serve("--registration", "invite", "--rate-limits", "off")
    account(server, "ann")
    return server


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same, for tests that change nothing."""
    server = new_server(tmp_path_factory.mktemp("unchanged"), "--registration", "invite")
    server.start()
    try:
        account(server, "ann")
        yield server
    finally:
        server.kill()


async def test_a_generic_client_signs_in_before_it_is_greeted(house: Server) -> None:
    async with connect(house.ws_url) as socket:
        assert await line(socket) == "! sign in: /login NAME PASSWORD"
        await socket.send("hello?")
        assert (await line(socket)).startswith("! sign in: /login NAME PASSWORD, or with an")
        await socket.send("/login ann wrong-words-here")
        assert await line(socket) == "! That name and that password do not go together."
        await socket.send(f"/login ann {PASSWORD}")
        assert await line(socket) == "You are connected! There are 1 users here."
        await socket.send("hello")
        assert await line(socket) == "[ann]: hello"
    assert PASSWORD not in house.log_text()


async def test_who_does_not_sign_in_is_closed_with_4001(serve: Serve) -> None:
    server = serve(env={"HUBBUB_GUESTS": "off", "HUBBUB_SIGN_IN_TIMEOUT_S": "0.3"})
    async with connect(server.ws_url) as socket:
        assert await line(socket) == "! sign in: /login NAME PASSWORD"
        assert await ended(socket) == 4001
    async with connect(f"{server.ws_url}?token=guess") as socket:
        assert (await line(socket)).startswith("! That session is unknown")
        assert await ended(socket) == 4001
    assert "guess" not in server.log_text()


async def test_people_come_by_an_invitation_and_talk(house: Server) -> None:
    async with hubbub.connect(house.url, name="ann", password=PASSWORD) as ann:
        assert (ann.user.kind, ann.user.role) == ("member", "owner")
        answer = await ann.command("/invite link")
        code = answer.rpartition(" ")[2]
        # Each node tells its own address where it was told no other.
        assert any(f"{node.url}/#invite={code}" in answer for node in house.nodes)
        with pytest.raises(NotSignedIn):
            async with hubbub.connect(house.url, name="bob"):
                pass
        invited = hubbub.connect(
            house.url, name="bob", password=PASSWORD, register=True, invite=code
        )
        async with invited as bob:
            assert bob.user.role == "member"
            await bob.post("thank you")
            async for event in ann:
                if isinstance(event, hubbub.Message):
                    assert (event.sender.name, event.text) == ("bob", "thank you")
                    break
        with pytest.raises(hubbub.Refusal, match="used up"):
            async with hubbub.connect(
                house.url, name="cara", password=PASSWORD, register=True, invite=code
            ):
                pass


async def test_a_member_who_used_the_library_leaves_no_session_behind(house: Server) -> None:
    for _ in range(3):
        async with hubbub.connect(house.url, name="ann", password=PASSWORD):
            pass
    async with hubbub.connect(house.url, name="ann", password=PASSWORD) as ann:
        assert len((await ann.command("/sessions")).splitlines()) == 1


async def test_a_session_that_is_ended_elsewhere_ends_its_connection_at_once(
    house: Server,
) -> None:
    async with (
        hubbub.connect(house.url, name="ann", password=PASSWORD) as here,
        hubbub.connect(house.url, name="ann", password=PASSWORD, keep_session=True) as there,
    ):
        secret = there.session
        listed = (await here.command("/sessions")).splitlines()
        (other,) = [each.split()[0] for each in listed if "(this one)" not in each]
        await here.command(f"/sessions end {other}")
        with pytest.raises(hubbub.ConnectionFailed, match="signed out") as failed:
            await drained(there)
        assert failed.value.code == 4001
    with pytest.raises(BadToken):
        async with hubbub.connect(house.url, token=secret):
            pass


async def test_a_member_stays_signed_in_over_a_restart(house: Server) -> None:
    async with hubbub.connect(house.url, name="ann", password=PASSWORD, keep_session=True) as ann:
        await ann.post("before")
        house.kill()
        house.start()
        await ann.post("after")
        assert ann.user.kind == "member"
        secret = ann.session
    async with hubbub.connect(house.url, token=secret) as again:
        assert again.name == "ann"


# --- the command line, beside a running server


async def test_a_bot_has_tokens_that_can_be_revoked(house: Server) -> None:
    made = user(house, "add", "rss", "--bot")
    token = made.stdout.strip()
    assert re.fullmatch(r"[\w-]{32}", token)
    assert made.stderr == "rss is member now.\n"
    pipe = run([*house.program, "join", house.url], "news!\n", house.env | {"HUBBUB_TOKEN": token})
    assert (pipe.returncode, pipe.stderr) == (0, "")
    async with hubbub.connect(house.url, name="ann", password=PASSWORD) as ann:
        (said,) = (await ann.history("lobby")).events
        assert (said.sender.name, said.text) == ("rss", "news!")
    with pytest.raises(BadPassword):
        async with hubbub.connect(house.url, name="rss", password=token):
            pass
    second = user(house, "token", "rss", "--days", "3").stdout.strip()
    async with hubbub.connect(house.url, token=second) as bot:
        assert bot.user.kind == "bot"
    assert user(house, "token", "rss", "--revoke").stdout == "rss has no token now.\n"
    for each in (token, second):
        with pytest.raises(BadToken):
            async with hubbub.connect(house.url, token=each):
                pass


async def test_accounts_are_listed_and_changed_beside_a_running_server(house: Server) -> None:
    program(house, "add", "bob", "--password-stdin", secret=PASSWORD)
    assert program(house, "list").stdout == "ann  owner\nbob  member\n"
    assert program(house, "role", "Bob", "moderator").stdout == "bob is moderator now.\n"
    changed = program(house, "password", "bob", "--password-stdin", secret="other-good-words")
    assert changed.stdout == "bob has another password now.\n"
    async with hubbub.connect(house.url, name="bob", password="other-good-words") as bob:
        assert bob.user.role == "moderator"
    with pytest.raises(BadPassword):
        async with hubbub.connect(house.url, name="bob", password=PASSWORD):
            pass


async def test_what_the_operator_ends_is_closed_within_a_moment(house: Server) -> None:
    token = user(house, "add", "rss", "--bot").stdout.strip()
    for name in ("bob", "cara"):
        user(house, "add", name, "--password-stdin", secret=PASSWORD)
    async with (
        hubbub.connect(house.url, token=token) as bot,
        hubbub.connect(house.url, name="bob", password=PASSWORD) as bob,
        hubbub.connect(house.url, name="cara", password=PASSWORD) as cara,
    ):
        await cara.post("soon forgotten")
        user(house, "token", "rss", "--revoke")
        user(house, "password", "bob", "--password-stdin", secret="other-good-words")
        deleted = user(house, "delete", "cara", "--messages", "purge", "--yes")
        assert deleted.stdout == "cara is deleted; 1 entries are without their text.\n"
        for chat in (bot, bob, cara):
            with pytest.raises(hubbub.ConnectionFailed) as failed:
                await drained(chat)
            assert failed.value.code == 4001
    async with hubbub.connect(house.url, name="ann", password=PASSWORD) as ann:
        (said,) = (await ann.history("lobby")).events
        assert isinstance(said, hubbub.Message)
        assert (said.sender.name, said.text) == ("deleted user", "")
        acts = await ann.command("/audit")
        assert "(operator)  delete user deleted user: messages: purge" in acts
        assert "cara" not in acts


def test_a_person_gets_what_the_log_holds_of_them(house: Server) -> None:
    user(house, "add", "bob", "--password-stdin", secret=PASSWORD)
    exported = user(house, "export", "bob")
    lines = [json.loads(line) for line in exported.stdout.splitlines()]
    assert (lines[0]["type"], lines[0]["name"], lines[0]["role"]) == ("account", "bob", "member")
    assert exported.stderr == "bob: 0 entries.\n"
    assert user(house, "delete", "ann", "--messages", "keep", "--yes").stderr.count("\n") == 1
    refused = user(house, "delete", "bob", "--messages", "keep")
    assert (refused.returncode, "bob" in user(house, "list").stdout) == (1, True)


@pytest.mark.parametrize(
    ("words", "secret", "problem"),
    [
        (("add", "ann", "--password-stdin"), PASSWORD, "The name ann is taken"),
        (("add", "ANN", "--bot"), "", "The name ANN is taken"),
        (("add", "no name", "--bot"), "", "cannot be used"),
        (("add", "bob", "--password-stdin"), "short", "8 to 128 characters"),
        (("role", "bob", "admin"), "", "There is no account 'bob'"),
        (("password", "bob", "--password-stdin"), PASSWORD, "There is no account 'bob'"),
        (("token", "ann"), "", "ann is no bot"),
        (("export", "bob"), "", "There is no account 'bob'"),
        (("delete", "ann", "--messages", "keep", "--yes"), "", "ann owns the server"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    unchanged: Server, words: tuple[str, ...], secret: str, problem: str
) -> None:
    answer = user(unchanged, *words, secret=secret)
    assert answer.returncode in {1, 2}
    assert problem in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert user(unchanged, "list").stdout == "ann  owner\n"


def test_the_first_account_can_be_made_before_the_first_start(tmp_path: Path) -> None:
    server = new_server(tmp_path)
    owner(server)
    assert user(server, "list").stdout == "ann  owner\n"


async def test_whoever_is_banned_is_closed_with_4003_in_both_dialects(serve: Serve) -> None:
    server = serve("--rate-limits", "off")
    owner(server)
    async with hubbub.connect(server.url, name="ann", password=PASSWORD) as ann:
        async with connect(f"{server.ws_url}?name=bob") as plain:
            await line(plain)
            await ann.command("/ban BOB no reason")
            assert await line(plain) == "! You are banned: no reason"
            assert await ended(plain) == 4003
        async with connect(f"{server.ws_url}?name=Bob") as plain:
            assert await line(plain) == "! You are banned: no reason"
            assert await ended(plain) == 4003
        async with connect(server.ws_url, subprotocols=["hubbub.v1"]) as json_line:
            await json_line.send('{"type": "hello", "name": "bob"}')
            assert json.loads(await line(json_line))["code"] == "banned"
            assert await ended(json_line) == 4003
        token = user(server, "add", "rss", "--bot").stdout.strip()
        await ann.command("/ban rss")
        async with connect(f"{server.ws_url}?token={token}") as plain:
            assert (await line(plain)).startswith("! ")
            assert await ended(plain) in {4001, 4003}


# --- beyond the loopback


async def test_whoever_opens_the_set_up_link_owns_the_server(serve: Serve) -> None:
    server = serve("--host", "0.0.0.0")
    links = re.findall(r"http://127\.0\.0\.1:\d+/#invite=(\S+)", server.log_text())
    assert len(links) == len(server.nodes)
    for name, code in [("ann", links[0]), *((f"bob{n}", each) for n, each in enumerate(links))]:
        came = hubbub.connect(server.url, name=name, password=PASSWORD, register=True, invite=code)
        if name == "ann":
            async with came as ann:
                assert ann.user.role == "owner"
        else:
            with pytest.raises(hubbub.Refusal, match="used up"):
                async with came:
                    pass
    server.kill()
    server.start()
    assert server.log_text().count("#invite=") == len(links)


async def test_there_only_the_link_makes_an_owner(serve: Serve) -> None:
    server = serve("--host", "0.0.0.0", "--registration", "open")
    async with hubbub.connect(server.url, name="mallory") as mallory:
        await mallory.command(f"/register {PASSWORD}")
    assert user(server, "list").stdout == "mallory  member\n"
