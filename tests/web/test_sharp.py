"""A picture that is as large as its place is not filtered, any other is."""

import pytest
from live.fakes import FakeSource
from playwright.sync_api import Browser, expect

from web.conftest import Serve


@pytest.mark.parametrize(("width", "how"), [(1920, "pixelated"), (1440, "auto"), (2560, "auto")])
def test_pixel_by_pixel_only_where_sizes_agree(serve: Serve, browser: Browser, width: int, how: str) -> None:
    served = serve(FakeSource(width=960, height=540))
    context = browser.new_context(viewport={"width": width, "height": width * 9 // 16})
    page = context.new_page()
    page.goto(served.url)
    for name in ("camera", "aged"):
        expect(page.locator(f"canvas#{name}")).to_have_js_property("width", 960, timeout=20_000)
        expect(page.locator(f"canvas#{name}")).to_have_css("image-rendering", how, timeout=20_000)
    context.close()
