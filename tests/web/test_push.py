"""Notices to a browser, in two halves, for headless Chromium has no push service: what the server
sends for it goes to a service of our own, and is delivered by the browser's debugger.
"""

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from aiohttp import web
from playwright.sync_api import Browser, CDPSession, Locator, Page, Worker, expect

from tests.conftest import Serve, Server, new_server
from tests.push import BrowserKeys, PushService, push_service
from tests.web.conftest import People, Person, until
from tests.wire import eventually

pytestmark = pytest.mark.real
SUBSCRIBE = """(() => {
    let made = null;
    const keys = { p256dh: "%(p256dh)s", auth: "%(auth)s" };
    const toJSON = () => ({ endpoint: "%(endpoint)s", keys });
    PushManager.prototype.getSubscription = async () => made;
    PushManager.prototype.subscribe = async (options) => (made = {
        endpoint: "%(endpoint)s",
        options: { applicationServerKey: options.applicationServerKey.buffer },
        toJSON,
        unsubscribe: async () => ((made = null), true),
    });
})()"""
COUNTED = """() => {
    self.handled = 0;
    PushEvent.prototype.waitUntil = function (promise) {
        const counted = promise.finally(() => { self.handled += 1; });
        ExtendableEvent.prototype.waitUntil.call(this, counted);
    };
}"""
ACTIVE = """navigator.serviceWorker.ready
    .then((ready) => ready.active.state === "activated")"""
SHOWN = """navigator.serviceWorker.ready
    .then((ready) => ready.getNotifications())
    .then((all) => all.map(({ title, body, tag }) => ({ title, body, tag })))"""

LOOK = """(state) => {
    Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
    document.hasFocus = () => state === "visible";
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture(scope="session")
def browser(whole_browser: Browser) -> Browser:
    """The whole Chromium, which shows notices."""
    return whole_browser


@pytest.fixture(scope="module")
def pushing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that calls push services on this machine."""
    env = {"HUBBUB_PUSH_PRIVATE": "on"}
    server = new_server(tmp_path_factory.mktemp("push"), "--rate-limits", "off", env=env)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def service() -> Iterator[PushService]:
    """A push service beside the browser, whose driver has this thread's event loop."""
    begun: Future[tuple[PushService, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        async with push_service() as service:
            end = asyncio.Event()
            begun.set_result((service, asyncio.get_running_loop(), end))
            await end.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    service, loop, end = begun.result(timeout=10)
    yield service
    loop.call_soon_threadsafe(end.set)
    thread.join()


class Phone:
    """Somebody's browser that can be notified, and the debugger that brings what is pushed."""

    def __init__(self, person: Person, service: PushService, url: str) -> None:
        self.person = person
        self.page = person.page
        self.service = service
        self.url = url
        self.keys = BrowserKeys()
        person.context.grant_permissions(["notifications"], origin=url)
        endpoint = f"{service.origin}/{person.name}"
        keys = {"endpoint": endpoint, "p256dh": self.keys.p256dh, "auth": self.keys.auth}
        self.page.add_init_script(SUBSCRIBE % keys)
        self._devtools: CDPSession | None = None
        self.worker: Worker
        self._registrations: list[str] = []

    def turn_on(self) -> None:
        open_dialog(self.page)
        self.page.get_by_role("checkbox", name="Notify me in this browser").click()
        expect(self.page.get_by_role("button", name="Send myself a test")).to_be_enabled()

    def deliver(self, text: str) -> None:
        """Brings something to the service worker, as the browser does what it has opened.

        Waits until the worker is done: whoever asks for the notifications while one is about to
        be shown makes Chromium drop that one.
        """
        if self._devtools is None:
            until(self.page, ACTIVE)  # before that the browser drops what is pushed
            (self.worker,) = self.person.context.service_workers
            self.worker.evaluate(COUNTED)
            self._devtools = self.person.context.new_cdp_session(self.page)
            self._devtools.on("ServiceWorker.workerRegistrationUpdated", self._registered)
            self._devtools.send("ServiceWorker.enable")
            eventually(self._is_registered, "the worker is registered")
        whom = {"origin": self.url, "registrationId": self._registrations[-1]}
        before = self.worker.evaluate("self.handled")
        self._devtools.send("ServiceWorker.deliverPushMessage", {**whom, "data": text})
        eventually(lambda: self.worker.evaluate("self.handled") > before, "the worker is done")

    def pushed(self, count: int) -> dict[str, Any]:
        """What this browser reads of the newest of so many notices."""
        eventually(lambda: len(self.service.pushed) >= count, "a notice was pushed")
        assert len(self.service.pushed) == count
        return self.keys.read(self.service.pushed[-1].body)

    def shown(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.page.evaluate(SHOWN)
        return found

    def shows(self, count: int) -> list[dict[str, str]]:
        until(self.page, f"{SHOWN}.then((all) => all.length === {count})")
        return self.shown()

    def _registered(self, event: dict[str, Any]) -> None:
        self._registrations += [
            each["registrationId"] for each in event["registrations"] if not each["isDeleted"]
        ]

    def _is_registered(self) -> bool:
        self.page.wait_for_timeout(20)  # events come while the driver is asked for something
        return bool(self._registrations)


@pytest.fixture
def phone(pushing: Server, service: PushService, people: People) -> Iterator[Phone]:
    """Ann's, in a room of her own."""
    person = people("ann", service_workers="allow")
    phone = Phone(person, service, pushing.url)
    person.join(pushing.url + "/#home")
    yield phone
    person.page.keyboard.press("Escape")
    person.say("/quit")
    expect(person.page.locator("#name")).to_be_visible()


def open_dialog(page: Page) -> Locator:
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("button", name="Set up and test").click()
    dialog = page.get_by_role("dialog", name="Notifications")
    expect(dialog).to_be_visible()
    return dialog


def notice(room: str, text: str, **more: Any) -> str:
    return json.dumps({"room": room, "from": "bob", "text": text, "direct": False} | more)


# --- a whole way


def test_a_test_comes_all_the_way_and_says_so(phone: Phone) -> None:
    phone.turn_on()
    phone.page.get_by_role("button", name="Send myself a test").click()
    status = phone.page.get_by_role("dialog").get_by_role("status")
    expect(status).to_contain_text("The push service has it")
    expect(status).to_contain_text("127.0.0.1:")

    phone.deliver(json.dumps(phone.pushed(1)))

    expect(status).to_contain_text("It has arrived")
    (shown,) = phone.shows(1)
    assert shown["title"] == "hubbub"


def test_a_mention_is_told_while_the_page_is_closed(
    phone: Phone, pushing: Server, people: People
) -> None:
    phone.turn_on()
    phone.page.goto(pushing.url + "/page.css")
    bob = people("bob").join(pushing.url + "/#home")
    pushing.await_metric("hubbub_users", 1.0)
    bob.say("no name in this")
    bob.say("@ann tea?")
    found = phone.pushed(1)
    assert found == {"room": "home", "from": "bob", "text": "@ann tea?", "direct": False}

    phone.deliver(json.dumps(found))

    assert phone.shows(1) == [{"title": "bob in #home", "body": "@ann tea?", "tag": "home"}]
    # Whoever opens the room has no need of its notification.
    phone.page.goto(pushing.url + "/#home")
    phone.person.heard("@ann tea?")
    phone.shows(0)


def test_a_hidden_tab_tells_of_a_mention_and_takes_it_back_when_it_is_looked_at(
    phone: Phone, pushing: Server, people: People
) -> None:
    until(phone.page, ACTIVE)
    phone.page.goto(pushing.url + "/#home")
    expect(phone.page.get_by_role("heading", level=1)).to_have_text("#home")
    rob = people("rob").join(pushing.url + "/#home")
    rob.say("@ann in view")
    phone.person.heard("@ann in view")

    phone.page.evaluate(LOOK, "hidden")
    rob.say("no name in this")
    rob.say("@ann tea?")
    assert phone.shows(1) == [{"title": "rob in #home", "body": "@ann tea?", "tag": "home"}]
    phone.page.evaluate(LOOK, "visible")
    phone.shows(0)
    assert phone.service.pushed == []


def test_a_browser_that_was_turned_on_is_on_after_a_reload(phone: Phone) -> None:
    """Though the browser had lost its subscription: the stand-in forgets it with the page."""
    phone.turn_on()
    phone.page.reload()
    expect(phone.person.composer).to_be_visible()
    open_dialog(phone.page)
    expect(phone.page.get_by_role("checkbox", name="Notify me")).to_be_checked()
    phone.page.get_by_role("button", name="Send myself a test").click()
    phone.pushed(1)


def test_a_browser_that_is_turned_off_is_told_nothing(
    phone: Phone, pushing: Server, people: People
) -> None:
    phone.turn_on()
    phone.page.get_by_role("checkbox", name="Notify me").click()
    expect(phone.page.get_by_role("button", name="Send myself a test")).to_have_count(0)
    expect(phone.page.get_by_role("checkbox", name="Notify me")).not_to_be_checked()
    phone.page.goto(pushing.url + "/page.css")
    ben = people("ben").join(pushing.url + "/#home")
    pushing.await_metric("hubbub_users", 1.0)
    ben.say("@ann are you told of this?")
    ben.heard("are you told of this?")
    phone.page.goto(pushing.url + "/#home")
    expect(phone.person.composer).to_be_visible()
    phone.turn_on()
    phone.page.get_by_role("button", name="Send myself a test").click()
    assert phone.pushed(1)["room"] == "", "the test is the first that came"


# --- the service worker


def test_who_looks_at_the_room_is_not_notified_of_it(phone: Phone) -> None:
    expect(phone.page.get_by_role("heading", level=1)).to_have_text("#home")
    phone.deliver(notice("home", "seen"))
    phone.deliver(notice("elsewhere", "not seen"))

    assert [each["body"] for each in phone.shows(1)] == ["not seen"]


def test_a_click_opens_the_room(phone: Phone) -> None:
    phone.person.say("/join dev")
    expect(phone.page.get_by_role("heading", level=1)).to_have_text("#dev")
    phone.deliver(notice("home", "come here"))
    phone.shows(1)

    phone.worker.evaluate(
        """async () => {
            const [notification] = await registration.getNotifications();
            dispatchEvent(new NotificationEvent("notificationclick", { notification }));
        }"""
    )

    expect(phone.page.get_by_role("heading", level=1)).to_have_text("#home")
    phone.shows(0)


def test_newer_notices_of_a_room_take_the_place_of_older_ones(phone: Phone) -> None:
    for number in range(3):
        phone.deliver(notice("dev", f"m{number}"))
    phone.deliver(notice("@d1", "psst", direct=True))

    until(phone.page, f"{SHOWN}.then((all) => all.some(({{ body }}) => body === 'psst'))")
    until(phone.page, f"{SHOWN}.then((all) => all.some(({{ body }}) => body === 'm2'))")
    found = {each["tag"]: (each["title"], each["body"]) for each in phone.shown()}
    assert found == {"dev": ("bob in #dev", "m2"), "@d1": ("bob", "psst")}


@pytest.mark.parametrize("text", ["no JSON", '{"room": 7}', "<img src=x onerror=alert(1)>"])
def test_what_is_no_notice_is_shown_as_something(phone: Phone, text: str) -> None:
    phone.deliver(text)
    assert phone.shows(1) == [{"title": "hubbub", "body": "Something was said.", "tag": "?"}]


# --- each room


def test_each_room_has_a_setting_that_is_kept(phone: Phone) -> None:
    page = phone.page
    phone.person.say("/join quiet")
    expect(page.get_by_role("heading", level=1)).to_have_text("#quiet")
    dialog = open_dialog(page)
    dialog.get_by_label("#home").select_option("Everything")
    dialog.get_by_label("#quiet").select_option("Nothing")
    # It says so when the server has it, and what was chosen before.
    expect(dialog).to_contain_text("You hear nothing of #quiet")
    page.reload()
    expect(phone.person.composer).to_be_visible()
    dialog = open_dialog(page)
    expect(dialog.get_by_label("#quiet")).to_have_value("none")
    expect(dialog.get_by_label("#home")).to_have_value("all")


# --- what stands in the way


def cause(page: Page, url: str, name: str) -> Locator:
    """Comes in, opens the settings: the sentence that says why not."""
    page.goto(url)
    page.locator("#name").fill(name)
    page.keyboard.press("Enter")
    dialog = open_dialog(page)
    expect(dialog.get_by_role("checkbox")).to_be_disabled()
    return dialog.get_by_role("alert")


def test_a_page_without_tls_says_that_it_needs_it(pushing: Server, people: People) -> None:
    # To browsers a loopback address is as safe as https; this one leads there too and is not.
    url = f"http://0.0.0.0:{pushing.port}"
    expect(cause(people("plain").page, url, "plain")).to_contain_text("only over https")


def test_an_iphone_says_that_it_wants_an_app(pushing: Server, people: People) -> None:
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"
    person = people("iphone", user_agent=agent)
    expect(cause(person.page, pushing.url, "iphone")).to_contain_text("Add to Home Screen")


def test_a_browser_that_blocks_says_where_to_allow_it(pushing: Server, people: People) -> None:
    person = people("blocked")
    person.page.add_init_script(
        "Object.defineProperty(Notification, 'permission', { get: () => 'denied' })"
    )
    expect(cause(person.page, pushing.url, "blocked")).to_contain_text("blocks the notifications")


def test_a_server_without_push_says_so(serve: Serve, people: People) -> None:
    server = serve("--rate-limits", "off", env={"HUBBUB_PUSH": "off"})
    expect(cause(people("ann").page, server.url, "ann")).to_contain_text("operator can turn them")


def test_a_browser_without_a_push_service_says_what_may_be_wrong(
    pushing: Server, people: People
) -> None:
    """Headless Chromium has none: its own refusal, not a stand-in's."""
    person = people("lone", service_workers="allow")
    person.context.grant_permissions(["notifications"], origin=pushing.url)
    person.join(pushing.url + "/#lone")
    dialog = open_dialog(person.page)
    dialog.get_by_role("checkbox").click()
    expect(dialog.get_by_role("alert")).to_contain_text("maker's push service")
    expect(dialog.get_by_role("checkbox")).not_to_be_checked()


def test_a_push_service_that_takes_nothing_is_named(phone: Phone) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=403)

    phone.service.answer = refuse
    phone.turn_on()
    phone.page.get_by_role("button", name="Send myself a test").click()
    status = phone.page.get_by_role("dialog").get_by_role("status")
    expect(status).to_contain_text("No push service took it")
    expect(status).to_contain_text("answered 403")
