"""Makes the pictures of the page in docs/pictures: `make screenshots`.

A real server on a log that is written for the occasion, and Debian's chromium. They look best where
Debian's fonts-inter and fonts-noto-color-emoji are installed.
"""

import hashlib
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, Page, sync_playwright

from hubbub.hub.rooms.registry import direct_room_name
from hubbub.model import UserKind
from hubbub.protocol.events import Person, Topic
from hubbub.storage import open_storage, sqlite_url
from hubbub.storage.changes import (
    Append,
    AppendMessage,
    Change,
    MoveRead,
    SaveMember,
    SaveSession,
    SaveUser,
)
from hubbub.storage.interface import Storage
from hubbub.storage.records import UserRecord

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.conftest import Server  # noqa: E402
from tests.web.conftest import FLAGS  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
ZONE = "Europe/Berlin"
# Debian's own choice for system-ui is wide and old; Inter stands for what people's systems have.
_LEFT = "".join(
    f'<test qual="all" name="family" compare="not_eq"><string>{family}</string></test>'
    for family in ("ui-monospace", "SF Mono", "Cascadia Code", "DejaVu Sans Mono", "monospace")
)
FONTS = f"""<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<include>/etc/fonts/fonts.conf</include><match target="pattern">{_LEFT}
<edit name="family" mode="prepend" binding="strong"><string>Inter</string></edit></match>
</fontconfig>"""

CODE = """```py
def high_water(harbour, day):
    return max(tides(harbour, day), key=lambda tide: tide.height)
```"""
ROUND = "https://docs.python.org/3/library/functions.html#round"
# Days before today, the hour, who, what.
LOBBY = [
    (1, "16:38", "Jonas", "The new tide tables are in: every harbour from Emden to Sylt 🌊"),
    (1, "16:42", "Priya", "Lovely! I compared Husum with the printed almanac."),
    (1, "16:42", "Priya", "At most two minutes off, all year."),
    (1, "16:44", "Mira", "Two minutes is less than my kettle needs. Ship it?"),
    (1, "16:47", "Jonas", "After one more look at daylight saving. It has bitten us before."),
    (0, "09:12", "Sam", "Morning! The page is **41 kB** lighter. Most of it was this:"),
    (0, "09:12", "Sam", CODE),
    (0, "09:15", "Priya", "> At most two minutes off"),
    (0, "09:16", "Priya", f"@Mira I found them: `round()` goes to the even number. {ROUND}"),
    (0, "09:17", "Mira", "Of course it does 😅"),
    (0, "09:17", "Mira", "Thank you! I will mend it before lunch."),
    (0, "09:19", "Jonas", "/me puts the kettle on"),
    (0, "09:21", "Leyla", "صباح الخير! سأجرّب الصفحة على الهاتف بعد الظهر."),
    (0, "09:24", "Sam", "Who writes the announcement?"),
    (0, "09:25", "Mira", "I do. A draft is in #announcements; be kind to it."),
    (0, "09:26", "Jonas", "🎉"),
]  # fmt: skip
OTHERS = {
    "announcements": [(0, "08:50", "Sam", "Tides 2.1 comes on Thursday.")],
    "design": [
        (0, "09:02", "Leyla", "New icons for spring tide and neap tide"),
        (0, "09:20", "Leyla", "And one for slack water"),
    ],
    "support": [
        (0, "08:12", "Jonas", "A sailor asks for knots instead of km/h"),
        (0, "08:15", "Jonas", "@Mira may I promise it?"),
    ],
}
# The ids choose the colours.
IDS = {"Mira": "Mira3", "Jonas": "Jonas6", "Priya": "Priya3", "Sam": "Sam1", "Leyla": "Leyla3"}
NAMES = tuple(IDS)
TOKEN = secrets.token_urlsafe(24)


def main() -> None:
    """Writes page-light.png, page-dark.png and page-phone.png."""
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as server:
        fonts = Path(name) / "fonts.conf"
        fonts.write_text(FONTS)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=FLAGS,
                env={**os.environ, "FONTCONFIG_FILE": str(fonts)},
            )
            company = [visit(browser, server, each, "light") for each in NAMES[1:]]
            page = visit(browser, server, "Mira", "light")
            page.locator(".people-button").click()
            page.mouse.move(1, 1)
            show(page, company, "page-light")
            page = visit(browser, server, "Mira", "dark")
            page.locator("#composer").fill("")
            page.locator("#composer").press_sequentially("/w")
            page.get_by_role("option").first.wait_for()
            show(page, company, "page-dark")
            page = visit(browser, server, "Mira", "light", width=390, height=780, phone=True)
            show(page, company, "page-phone")
            browser.close()


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server on the conversation above."""
    server = Server(folder, ("--rate-limits", "off"), {"HUBBUB_SERVER_NAME": "Tide Tables"})
    server.data.mkdir()
    storage = open_storage(sqlite_url(server.data), "normal")
    try:
        fill(storage)
    finally:
        storage.close()
    server.start()
    try:
        yield server
    finally:
        server.kill()


def fill(storage: Storage) -> None:
    """People with sessions, rooms with topics and messages, and what Mira has read of them."""
    end_ms = int((datetime.now(UTC) + timedelta(days=1)).timestamp() * 1000)
    changes: list[Change] = []
    for name in NAMES:
        changes.append(SaveUser(UserRecord(IDS[name], name, name.lower(), UserKind.GUEST)))
        changes.append(SaveSession(_hash(name), IDS[name], end_ms))
        changes += [SaveMember(room, IDS[name]) for room in ("lobby", *OTHERS)]
    storage.commit(changes, end_ms)
    topics = {"lobby": "Tides 2.1 comes on Thursday", "design": "Less, but better"}
    for room, text in topics.items():
        topic = Topic(room=room, seq=0, at="", sender=_person("Sam"), text=text)
        storage.commit([Append(topic)], _at_ms(6, "10:00"))
    for room, said in {"lobby": LOBBY, **OTHERS}.items():
        for days, hour, name, text in said:
            me = text.startswith("/me ")
            body = text.removeprefix("/me ")
            change = AppendMessage(room, _person(name), body, me=me)
            storage.commit([change], _at_ms(days, hour))
    for hour, name, text in (
        ("08:40", "Mira", "Do you have a minute for the harbour list?"),
        ("08:41", "Priya", "For you, two. Minutes, that is."),
    ):
        room = direct_room_name([IDS["Mira"], IDS["Priya"]])
        other = _person("Priya" if name == "Mira" else "Mira")
        change = AppendMessage(room, _person(name), text, to=(other,))
        storage.commit([change], _at_ms(0, hour))
    storage.commit(
        [MoveRead("lobby", IDS["Mira"], 99), MoveRead("announcements", IDS["Mira"], 9)], end_ms
    )


def visit(
    browser: Browser,
    server: Server,
    name: str,
    theme: str,
    *,
    width: int = 1280,
    height: int = 800,
    phone: bool = False,
) -> Page:
    """Somebody's page, after they have been here before."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=2,
        color_scheme="dark" if theme == "dark" else "light",
        locale="en-GB",
        timezone_id=ZONE,
        has_touch=phone,
        is_mobile=phone,
    )
    page = context.new_page()
    session = f"""{{"token": "{_secret(name)}", "epoch": "?", "me":
        {{"id": "{IDS[name]}", "name": "{name}", "kind": "guest", "role": "guest"}}}}"""
    page.goto(server.url + "/page.css")
    page.evaluate("session => localStorage.setItem('hubbub.session', session)", session)
    page.goto(server.url + "/#lobby")
    page.locator("article").last.wait_for()
    return page


def show(page: Page, company: list[Page], name: str) -> None:
    """Takes the picture while Leyla writes."""
    page.locator("[role=status]:empty").wait_for(state="attached")
    page.wait_for_timeout(3200)  # `typing` is passed on once in three seconds
    company[-1].locator("#composer").fill("")
    company[-1].locator("#composer").press_sequentially("ha")
    page.locator(".below", has_text="Leyla").wait_for()
    page.wait_for_timeout(300)
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png")
    page.context.close()


def _person(name: str) -> Person:
    return Person(IDS[name], name)


def _secret(name: str) -> str:
    return f"{TOKEN}-{name}"


def _hash(name: str) -> bytes:
    return hashlib.sha256(_secret(name).encode()).digest()


def _at_ms(days: int, hour: str) -> int:
    day = datetime.now(ZoneInfo(ZONE)).date() - timedelta(days=days)
    at = datetime.combine(day, datetime.strptime(hour, "%H:%M").time(), ZoneInfo(ZONE))  # noqa: DTZ007
    return int(at.timestamp() * 1000)


if __name__ == "__main__":
    main()
