"""What people write is text: as a name, a topic, a message, a link, a room."""

import itertools

import pytest
from playwright.sync_api import expect

from tests.conftest import Server, hello
from tests.web.conftest import People, aside

pytestmark = pytest.mark.real

SCRIPTS = ["alert(1)", "window.ran=1", "top.ran=1", "import('//x')", "fetch('//x')"]
SHAPES = [
    "<script>{}</script>",
    "<ScRiPt>{}</sCrIpT>",
    "</textarea><script>{}</script>",
    "</title><script>{}</script>",
    "<!--><script>{}</script>-->",
    "<img src=x onerror={}>",
    "<img src=x onerror='{}'//",
    "<svg onload={}>",
    "<svg><script>{}</script></svg>",
    "<svg><animate onbegin={} attributeName=x dur=1s>",
    "<math><mtext></mtext><mglyph><style><img src=x onerror={}>",
    "<body onload={}>",
    "<iframe srcdoc='<script>{}</script>'>",
    "<iframe src='javascript:{}'>",
    "<object data='javascript:{}'>",
    "<embed src='javascript:{}'>",
    "<details open ontoggle={}>",
    "<input autofocus onfocus={}>",
    "<video><source onerror={}>",
    "<a href='javascript:{}'>x</a>",
    "<form action='javascript:{}'><button>x</button></form>",
    "<link rel=stylesheet href='javascript:{}'>",
    "<style>@import 'javascript:{}'</style>",
    "<meta http-equiv=refresh content='0;url=javascript:{}'>",
    "<base href='javascript:{}//'>",
    "[x](javascript:{})",
    "[x](JaVaScRiPt:{})",
    "[x](java\tscript:{})",
    "[x](javascript&colon;{})",
    "[x](data:text/html,<script>{}</script>)",
    "[x](vbscript:{})",
    "[x](<javascript:{}>)",
    "[x]( javascript:{} 'title')",
    "![x](javascript:{})",
    "![x\"onerror=\"{}](x)",
    "![x](x\"onerror=\"{})",
    "[x](https://x.test\"onmouseover=\"{})",
    "<https://x.test\"onclick=\"{}>",
    "<javascript:{}>",
    "https://x.test/\"onmouseover=\"{}",
    "`<img src=x onerror={}>`",
    "```<script>\n<img src=x onerror={}>\n```",
    "```\"onmouseover=\"{}\nx\n```",
    "> <img src=x onerror={}>",
    "**<img src=x onerror={}>**",
    "@<img src=x onerror={}>",
    "&lt;script&gt;{}&lt;/script&gt;",
    "\u202e<script>{}</script>",
]  # fmt: skip
PAYLOADS = [shape.replace("{}", script) for shape, script in itertools.product(SHAPES, SCRIPTS)]
HOVER = """
for (const each of document.querySelectorAll("*")) each.dispatchEvent(new MouseEvent("mouseover"));
"""
ALERTS = "window.ran = 0; window.alert = () => { window.ran = 1; };"


async def attack(server: Server) -> list[str]:
    """Says everything everywhere, and what the server answers to names and rooms of this kind."""
    some = PAYLOADS[:: len(SCRIPTS)]
    async with hello(server, name="attacker", rooms={"hostile": None}) as client:
        for index, payload in enumerate(PAYLOADS):
            await client.send(type="post", room="hostile", text=payload, nonce=f"t{index}")
        for index, payload in enumerate(some):
            for command in ("topic", "me"):
                await client.send(type="command", room="hostile", line=f"/{command} {payload}")
            await client.send(type="whisper", to=["target"], text=payload, nonce=f"w{index}")
        await client.ask(type="post", room="hostile", text="the end", nonce="end")
        joins = [{"type": "join", "room": payload} for payload in some]
        nicks = [{"type": "command", "room": "hostile", "line": f"/nick {each}"} for each in some]
        return [(await client.ask(**request))["type"] for request in joins + nicks]


def test_no_payload_runs_wherever_it_stands(shared: Server, people: People) -> None:
    assert len(PAYLOADS) >= 200
    ann = people("target")
    ann.context.add_init_script(ALERTS)
    ann.join(shared.url + "/#hostile")

    assert set(aside(lambda: attack(shared))) == {"error"}
    page = ann.page
    # The window holds them all, so each one of them is in the page.
    ann.heard("the end")
    expect(page.locator("article:not(.action)")).to_have_count(len(PAYLOADS) + 1)
    expect(page.locator("article.action")).to_have_count(len(SHAPES))
    expect(page.locator(".aside")).to_have_count(len(SHAPES))
    page.evaluate(HOVER)
    page.get_by_role("link", name="attacker").click()
    expect(page.locator("article")).to_have_count(len(SHAPES))
    page.evaluate(HOVER)
    # Somebody who writes such a thing sees it too, before it is sent and afterwards.
    for payload in PAYLOADS[::23]:
        ann.say(payload)
    page.goto(f"{shared.url}/#%3Cimg%20src=x%20onerror=alert(1)%3E")
    page.reload()
    expect(ann.composer).to_be_visible()

    assert page.evaluate("window.ran") == 0
    assert page.locator("#app script, #app iframe, #app object, #app img").count() == 0
    links = page.locator("#app a[href]").evaluate_all("all => all.map((each) => each.protocol)")
    assert set(links) <= {"http:", "https:", "mailto:"}
