"""For everyone: axe in every view and both themes, the keyboard alone, large text."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.accounts import PASSWORD, account
from tests.conftest import Serve, Server
from tests.web.conftest import REFUSED, ROOT, SMALL, People, Person

pytestmark = pytest.mark.real
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async () => (await axe.run({ runOnly: {
    type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
} })).violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(" | ")}`)"""

# Buttons and fields that stand, in part, outside the window or of what they are in; rows scroll.
CUT_OFF = """[...document.querySelectorAll("button, input, textarea, h1")]
    .filter((each) => each.checkVisibility({ visibilityProperty: true }))
    .filter((each) => !each.closest(".skip, .rows"))
    .map((each) => [each.id || each.className || each.textContent, each.getBoundingClientRect()])
    .filter(([, box]) => box.left < -1 || box.right > innerWidth + 1 || box.top < -1
        || box.bottom > innerHeight + 1 || box.width < 10)
    .map(([name, box]) => `${name} ${box.left} ${box.top} ${box.right} ${box.bottom}`)"""
MOVING = """[...document.querySelectorAll("*")].filter((each) => {
    const style = getComputedStyle(each);
    return style.transitionDuration !== "0s" || style.animationName !== "none";
}).map((each) => each.className)"""
PAPER = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture
def ann(shared: Server, people: People) -> Person:
    if not AXE.exists():
        pytest.skip("left out: axe-core is not installed (make page)")
    person = people("ann.axe", color_scheme="light", reduced_motion="reduce")
    person.page.goto(f"{shared.url}/#axe")
    return person


def audit(page: Page) -> list[str]:
    """What axe finds in this view, in light and in dark."""
    # The policy lets no script in; axe comes in by the debugger instead.
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    paper = page.evaluate(PAPER)
    light: list[str] = page.evaluate(RUN)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(PAPER) != paper
    dark: list[str] = page.evaluate(RUN)
    page.emulate_media(color_scheme="light")
    return light + [f"dark: {each}" for each in dark]


@pytest.mark.timeout(120)
def test_axe_finds_nothing_in_any_view_in_light_and_dark(
    ann: Person, shared: Server, people: People
) -> None:
    found = {"join": audit(ann.page)}
    other = people("beth").join(f"{shared.url}/#axe")
    ann.join(f"{shared.url}/#axe")
    other.say("/topic A topic with **marks**")
    other.say(
        f"Hello @{ann.name}: `code`, **bold**, https://example.org/a\n```\nblock\n```\n> quote"
    )
    ann.say("And hello back")
    ann.say("/me waves")
    other.say(f"/whisper {ann.name} psst")
    expect(ann.page.get_by_role("link", name=other.name)).to_be_visible()
    expect(ann.page.locator("article")).to_have_count(3)
    page, keys = ann.page, ann.page.keyboard
    found["room"] = audit(page)
    page.locator(".people-button").click()
    found["people"] = audit(page)
    ann.composer.focus()
    keys.type("/w")
    expect(page.get_by_role("option").first).to_be_visible()
    found["completion"] = audit(page)
    keys.press("Escape")
    ann.composer.fill("")
    page.get_by_role("button", name="Emoji").click()
    expect(page.locator(".grid button").first).to_be_visible()
    found["emoji"] = audit(page)
    keys.press("Escape")
    ann.say("/nonsense")
    ann.say("/who")
    expect(page.locator(".note")).to_have_count(2)
    found["notes"] = audit(page)
    keys.press("Control+k")
    found["switcher"] = audit(page)
    keys.press("Escape")
    page.get_by_role("button", name="Browse rooms").click()
    expect(page.get_by_role("option").first).to_be_visible()
    found["browse"] = audit(page)
    keys.press("Escape")
    page.get_by_role("button", name="Settings").click()
    found["settings"] = audit(page)
    page.get_by_role("button", name="Set up and test").click()
    expect(page.get_by_role("dialog", name="Notifications")).to_be_visible()
    found["notifications"] = audit(page)
    keys.press("Escape")
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    found["keys"] = audit(page)
    keys.press("Escape")
    page.get_by_role("link", name=other.name).click()
    found["direct"] = audit(page)
    page.evaluate(REFUSED, page.evaluate("decodeURIComponent(location.hash.slice(1))"))
    page.reload()
    expect(page.locator("article.failed")).to_be_visible()
    found["failed"] = audit(page)
    page.set_viewport_size({"width": 360, "height": 640})
    found["phone"] = audit(page)
    page.get_by_role("button", name="Show rooms").click()
    found["phone rooms"] = audit(page)

    assert {view: problems for view, problems in found.items() if problems} == {}


@pytest.mark.timeout(120)
def test_axe_finds_nothing_in_what_moderators_see_and_a_finger_hits_everything(
    serve: Serve, people: People
) -> None:
    server = serve("--registration", "open", "--rate-limits", "off")
    account(server, "ann")
    look = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    ann = people("ann", color_scheme="light", reduced_motion="reduce", **look)
    account(server, "bob")
    bob = people("bob").sign_in(server.url, PASSWORD)
    ann.sign_in(server.url, PASSWORD)
    page, keys = ann.page, ann.page.keyboard
    found = dict[str, list[str]]()

    def look_at(view: str) -> None:
        found[view] = audit(page) + page.evaluate(SMALL)

    def act(item: str, dialog: str) -> None:
        page.locator("article", has_text="buy").tap()
        page.locator("article", has_text="buy").locator(".more").tap()
        expect(page.get_by_role("menu")).to_be_visible()
        ann.choose(item)
        expect(page.get_by_role("dialog", name=dialog)).to_be_visible()
        look_at(dialog)
        keys.press("Escape")

    bob.say("buy watches")
    bob.say("and a slip")
    bob.menu_of("slip")
    bob.choose("Delete…")
    bob.press("Delete")
    expect(page.locator("article .lost")).to_be_visible()
    look_at("messages")
    page.locator("article", has_text="buy").tap()
    page.locator("article", has_text="buy").locator(".more").tap()
    look_at("menu")
    keys.press("Escape")
    act("Delete…", "Delete this message?")
    act("Role…", "What bob may do")
    act("Remove from the room…", "Remove bob from #lobby")
    act("Ban…", "Ban bob from this server")
    ann.say("/mute bob 1h loud")
    act("Mute…", "Mute bob")
    page.get_by_role("button", name="Search", exact=True).tap()
    keys.type("watches")
    expect(page.locator("mark")).to_be_visible()
    look_at("search")
    keys.press("Escape")
    page.get_by_role("button", name="Show rooms").tap()
    page.get_by_role("button", name="Manage the server").tap()
    expect(page.get_by_role("button", name="Lift it for bob")).to_be_visible()
    look_at("bans")
    page.get_by_role("radio", name="Invitations").check()
    expect(page.get_by_text("None.")).to_be_visible()
    page.get_by_role("button", name="Make a link").tap()
    expect(page.get_by_role("button", name="Revoke")).to_be_visible()
    look_at("invitations")
    page.get_by_role("radio", name="Audit log").check()
    expect(page.get_by_role("listitem").filter(has_text="muted")).to_be_visible()
    look_at("audit")
    keys.press("Escape")
    page.get_by_role("button", name="Settings").tap()
    page.get_by_role("button", name="Sessions and password").tap()
    expect(page.get_by_text("(this one)")).to_be_visible()
    look_at("account")
    keys.press("Escape")
    page.get_by_role("button", name="Browse rooms").tap()
    page.get_by_role("button", name="New room…").tap()
    look_at("new room")
    page.get_by_label("Name of the room").fill("board")
    page.get_by_label("Private").check()
    page.get_by_label("Read-only").check()
    page.get_by_role("button", name="Make the room").tap()
    expect(page.get_by_role("heading", level=1)).to_contain_text("board")
    page.get_by_role("button", name="About this room").tap()
    page.get_by_text("Muted people").tap()
    page.get_by_text("What moderators did here").tap()
    look_at("room")
    ann.press("Archive the room")
    keys.press("Escape")
    expect(page.get_by_text("This room is archived")).to_be_visible()
    look_at("archived")
    bob.say("/leave")
    assert {view: problems for view, problems in found.items() if problems} == {}


def test_by_keyboard_alone_from_the_address_to_a_whisper(shared: Server, people: People) -> None:
    bob = people("bob.k").join(shared.url + "/#keys")
    ann = people("ann.k")
    keys = ann.page.keyboard
    ann.page.goto(shared.url + "/#keys")
    keys.type("ann.k\n")
    expect(ann.composer).to_be_focused()
    keys.type("hello\n")
    bob.heard("hello")
    keys.press("Control+k")
    keys.type("bob.k\n")
    expect(ann.page.get_by_role("heading", level=1)).to_have_text("bob.k")
    expect(ann.composer).to_be_focused()
    keys.type("only for you\n")
    expect(bob.page.get_by_role("link", name="ann.k")).to_contain_text("1")

    bob.page.keyboard.press("Alt+ArrowDown")
    bob.heard("only for you")
    keys.press("Control+k")
    keys.type("keys\n")
    expect(ann.page.get_by_role("heading", level=1)).to_have_text("#keys")
    expect(ann.page.locator("article", has_text="only for you")).to_have_count(0)


def test_new_messages_are_read_out_politely_and_own_ones_are_not(
    shared: Server, people: People
) -> None:
    ann, bob = people("ear").join(shared.url + "/#l"), people("mouth").join(shared.url + "/#l")
    bob.say("listen")
    region = ann.page.locator("[aria-live=polite]")
    expect(region).to_have_text("mouth: listen")
    ann.say("yes")
    ann.heard("yes")
    expect(region).to_have_text("mouth: listen")


@pytest.mark.parametrize(
    ("name", "width", "height", "text"),
    [
        # Twice the size of everything is half the window at the usual size.
        ("zoomed page", 640, 400, "100%"),
        ("zoomed text", 1280, 800, "200%"),
        ("zoomed phone", 360, 740, "200%"),
    ],
)
def test_text_of_twice_the_size_still_fits(
    shared: Server, people: People, name: str, width: int, height: int, text: str
) -> None:
    ann = people(name.replace(" ", "."), viewport={"width": width, "height": height})
    ann.join(shared.url + "/#zoom")
    ann.page.evaluate("size => { document.documentElement.style.fontSize = size; }", text)
    ann.say("a long word " + "x" * 300)
    ann.heard("a long word")
    assert ann.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert ann.page.evaluate(CUT_OFF) == []
    ann.page.keyboard.press("Control+k")
    assert ann.page.evaluate(CUT_OFF) == []
    ann.page.keyboard.press("Escape")
    box = ann.composer.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= height
    assert box["width"] >= 100


def test_whoever_wants_no_motion_gets_none(shared: Server, people: People) -> None:
    def moving(name: str, wish: str) -> list[str]:
        ann = people(name, reduced_motion=wish).join(shared.url + "/#motion")
        found: list[str] = ann.page.evaluate(MOVING)
        return found

    assert "sidebar" in moving("mover", "no-preference")
    assert moving("resting", "reduce") == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_fields_and_focus_stand_out_from_what_is_behind_them(
    shared: Server, people: People, theme: str
) -> None:
    ann = people(f"edges.{theme}", color_scheme=theme).join(shared.url + "/#edges")
    paper = ann.page.evaluate(PAPER)
    focused = ann.page.evaluate("getComputedStyle(document.querySelector('.field')).borderColor")
    ann.page.locator("#messages").focus()
    resting = ann.page.evaluate("getComputedStyle(document.querySelector('.field')).borderColor")
    # WCAG 2.2, 1.4.11
    assert contrast(focused, paper) >= 3
    assert contrast(resting, paper) >= 3


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, `rgb(1, 2, 3)`, as WCAG 2.2 counts it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    shares = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_right_to_left_text_reads_from_the_right(shared: Server, people: People) -> None:
    ann, bob = people("left").join(shared.url + "/#rtl"), people("דנה").join(shared.url + "/#rtl")
    bob.say("שלום, מה שלומך?")
    ann.heard("שלום")
    direction = "getComputedStyle(document.querySelector('article .said p')).direction"
    assert ann.page.evaluate(direction) == "rtl"
    assert ann.page.locator("article .who h2").inner_text() == "דנה"
    ann.composer.fill("שלום")
    assert ann.composer.evaluate("box => getComputedStyle(box).direction") == "rtl"
