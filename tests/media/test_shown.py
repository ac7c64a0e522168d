"""No password of a camera is shown to viewers, logged or recorded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playingage.core import SourceLostError
from playingage.media import open_source
from playingage.media.shown import shown_address


@pytest.mark.parametrize(("address", "shown"), [
    ("rtsp://10.0.0.5/main", "rtsp://10.0.0.5/main"),
    ("rtsp://admin:hunter2@10.0.0.5:554/main?ch=1", "rtsp://***@10.0.0.5:554/main?ch=1"),
    ("rtsp://a:b@c@10.0.0.5/main", "rtsp://***@10.0.0.5/main"),
    ("http://10.0.0.5/v.mjpg?user=admin&passwd=x=y&size=2", "http://10.0.0.5/v.mjpg?user=***&passwd=***&size=2"),
    ("http://10.0.0.5/v?access_token=abc#x", "http://10.0.0.5/v?access_token=***"),
    ("udp://@239.0.0.1:5000", "udp://@239.0.0.1:5000"),
    ("rtsp://[::", "rtsp://***"),
    ("/dev/video0?size=1280x720", "/dev/video0?size=1280x720"),
    ("takes/a:b@c.mov", "takes/a:b@c.mov"),
    ("pattern:1920x1080@24", "pattern:1920x1080@24"),
])  # fmt: skip
def test_what_lets_others_in_is_hidden(address: str, shown: str) -> None:
    assert shown_address(address) == shown


@given(st.text("abcXYZ019!$%&*:@", min_size=4, max_size=20))
def test_no_password_is_shown_whatever_is_in_it(password: str) -> None:
    assert password not in shown_address(f"rtsp://admin:{password}@camera/main")


def test_errors_of_a_source_do_not_say_it() -> None:
    with pytest.raises(SourceLostError) as caught:
        open_source("rtsp://admin:hunter2@127.0.0.1:1/main", realtime=True)
    assert "hunter2" not in caught.value.diagnostics() and "127.0.0.1:1/main" in caught.value.what
