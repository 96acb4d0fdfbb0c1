"""For everyone: axe in every view and both themes, the keyboard alone, large text."""

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Server
from tests.web.conftest import ROOT, People, Person

pytestmark = pytest.mark.real
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async () => (await axe.run({ runOnly: {
    type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
} })).violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(" | ")}`)"""


@pytest.fixture(params=["light", "dark"])
def ann(request: pytest.FixtureRequest, shared: Server, people: People) -> Person:
    if not AXE.exists():
        pytest.skip("left out: axe-core is not installed (make page)")
    # The policy lets no script in; axe comes in by the debugger instead.
    person = people(f"ann.{request.param}", color_scheme=request.param, reduced_motion="reduce")
    person.page.goto(shared.url)
    return person


def audit(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate(RUN)
    return found


def test_axe_finds_nothing_in_any_view(ann: Person, shared: Server, people: People) -> None:
    found = {"join": audit(ann.page)}
    other = people("beth" + ann.name.partition(".")[2]).join(shared.url + f"/#{ann.name}")
    ann.page.goto(f"{shared.url}/#{ann.name}")
    ann.page.reload()
    ann.join(f"{shared.url}/#{ann.name}")
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
    page.set_viewport_size({"width": 360, "height": 640})
    found["phone"] = audit(page)
    page.get_by_role("button", name="Show rooms").click()
    found["phone rooms"] = audit(page)

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


def test_text_of_twice_the_size_still_fits(shared: Server, people: People) -> None:
    # Twice the text on a usual window is half the window at the usual text.
    ann = people("zoom", viewport={"width": 640, "height": 400}, device_scale_factor=2)
    ann.join(shared.url + "/#zoom")
    ann.say("a long word " + "x" * 300)
    ann.heard("a long word")
    assert ann.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box = ann.composer.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 400


def test_right_to_left_text_reads_from_the_right(shared: Server, people: People) -> None:
    ann, bob = people("left").join(shared.url + "/#rtl"), people("דנה").join(shared.url + "/#rtl")
    bob.say("שלום, מה שלומך?")
    ann.heard("שלום")
    direction = "getComputedStyle(document.querySelector('article .said p')).direction"
    assert ann.page.evaluate(direction) == "rtl"
    assert ann.page.locator("article .who h2").inner_text() == "דנה"
