"""`playingage demo`: the whole live path with a face that anyone may re-age."""

from typing import Annotated

import typer

from playingage.cli import options
from playingage.cli.live import For, Host, Open, Port, run_monitors
from playingage.cli.onset import direct
from playingage.cli.outputs import Out, OutBitRate, OutRate, outputs_of
from playingage.cli.serving import server_settings

EXAMPLES = """Examples:

  playingage demo

  playingage demo --age 25 --size 256 --port 9000 --no-open

  playingage demo --out aged=udp://127.0.0.1:5000
"""


def demo(
    age: Annotated[float, typer.Option("--age", help="Playing age in years; change it on the page.")] = 70.0,
    host: Host = "127.0.0.1",
    port: Port = 8035,
    open_page: Open = True,
    seconds: For = None,
    out: Out = None,
    out_rate: OutRate = None,
    out_bit_rate: OutBitRate = 8.0,
    model: options.Model = "default",
    size: options.Size = None,
    device: options.DeviceName = "CPU",
    precision: options.Precision = None,
    threads: options.Threads = 1,
    json_output: options.Json = False,
) -> None:
    """See it at once: NASA's portrait as a moving camera picture, re-aged live. No camera, no account, no training."""
    from playingage.demo import SITTER_AGE, PortraitSource
    from playingage.engine import Cast, Look

    engine = options.load_engine(model, size, device, precision, threads)
    engine.check_age(age)
    cast = Cast.everybody(engine, SITTER_AGE)
    onset = direct(cast, None, age=age, look=Look())
    with PortraitSource() as source:
        onset.add_outputs(outputs_of(out, source.info, out_rate, out_bit_rate))
        run_monitors(
            source, cast, onset, look=Look(), server=server_settings(host, port), open_page=open_page,
            seconds=seconds, on_failure="last", quality=85, json_output=json_output,
            note="   Demo: NASA's portrait (public domain).",
        )
