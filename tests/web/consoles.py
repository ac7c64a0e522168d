"""A console's page in a test: opened, read, and how soon its acts show."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from web.set import Set

LISTEN = """() => {
  const Real = WebSocket;
  window.heads = []; window.acts = [];
  window.WebSocket = class extends Real {
    constructor(...all) {
      super(...all);
      this.addEventListener("message", ({ data }) => {
        if (typeof data === "string") {
          const said = JSON.parse(data);
          if (said.type === "did") window.acts.find((each) => each.id === said.id).version = said.version;
          return;
        }
        const length = new DataView(data).getUint32(0);
        const { number, set, faces, view } = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
        window.heads.push({ number, set, view, ages: faces.map((face) => face.target_age) });
      });
    }
    send(text) {
      const said = JSON.parse(text);
      if (said.type === "act") window.acts.push({ ...said, after: window.heads.length });
      super.send(text);
    }
  };
}"""
"""Keeps the headers of all pairs that come, and the acts that go out with how many pairs had come by then."""
Build = Callable[..., Set]


def visit(page: Page, on: Set) -> Page:
    page.add_init_script(f"({LISTEN})()")
    page.goto(on.url())
    page.wait_for_function("() => window.heads.length > 3")
    expect(page.locator("#banners")).to_be_empty()
    return page


def card(page: Page, performer: str) -> Locator:
    return page.locator(f'.card[data-performer="{performer}"]')


def now(page: Page, performer: str) -> Locator:
    return card(page, performer).locator(".now")


def frames_to_act(page: Page) -> list[int]:
    """For each act of this page: which of the pictures that came after it is the first to report it, from 1."""
    page.wait_for_timeout(400)
    found: list[int] = page.evaluate(
        """() => window.acts.map(({ after, version }) =>
            window.heads.findIndex((head) => head.set >= version) - after + 1)"""
    )
    return found


def check_next_frame(on: Set) -> None:
    """Every act held in the first frame captured after it that the engine took."""
    assert on.carried
    for act, version, newest in on.carried:
        first = next(seen for number, seen in on.versions if number > newest)
        assert first >= version, (act, newest)
