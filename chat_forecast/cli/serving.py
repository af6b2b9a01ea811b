"""Serving: ``up``."""

import re
from ipaddress import ip_address

import click

from chat_forecast.cli.base import Workplace, examples, pass_workplace
from chat_forecast.cli.output.lines import print_line, print_sentence
from chat_forecast.cli.printing import console
from chat_forecast.settings.links import LOOPBACK
from chat_forecast.settings.reading import load_serve

PORT = click.IntRange(1, 65535)


def _address(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """An address of this machine; no name, since what one stands for may change."""
    try:
        return str(ip_address(value))
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is no address, expected one such as 127.0.0.1, 192.168.1.5 or 0.0.0.0"
        ) from None


def _prefix(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """A path such as ``/forecast``, without the slash at its end; empty for none."""
    prefix = value.rstrip("/")
    if prefix and not re.fullmatch(r"(/[A-Za-z0-9_-]+)+", prefix):
        raise click.BadParameter(f"{value!r} is no path, expected one such as /forecast, of letters, digits, - and _")
    return prefix


@click.command(
    epilog=examples(
        "chat-forecast up",
        "chat-forecast up --port 3100 --mlflow-port 5100 --reports-port 3101",
        "chat-forecast up --path-prefix /forecast",
    )
)
@click.option("--port", type=PORT, metavar="PORT", default=3000, show_default=True, help="Port of the Dagster UI.")
@click.option("--mlflow-port", type=PORT, metavar="PORT", default=5000, show_default=True, help="Port of the MLflow UI.")
@click.option("--reports-port", type=PORT, metavar="PORT", default=3001, show_default=True, help="Port of the report pages.")
@click.option(
    "--host",
    "address",
    callback=_address,
    metavar="ADDRESS",
    default=LOOPBACK,
    show_default=True,
    help="Address to listen on. The servers ask for no password: for any other address, use a proxy that does.",
)
@click.option(
    "--path-prefix",
    "prefix",
    callback=_prefix,
    metavar="PATH",
    default="",
    help="Serve under PATH/dagster, PATH/mlflow and PATH/reports, for a proxy with one host name.",
)
@pass_workplace
def up(workplace: Workplace, port: int, mlflow_port: int, reports_port: int, address: str, prefix: str) -> None:
    """Serve the UIs and run the schedule until Ctrl-C.

    Starts the Dagster UI, the Dagster daemon (schedule and sensors), the MLflow UI and the report pages. They reject
    requests from other websites and accept connections from this machine only. To serve other machines, use --host, and
    allowed_hosts in [serve] of chats.toml.
    """
    from chat_forecast.app.serving.exposure import exposure
    from chat_forecast.app.serving.up import endpoints_of, serve

    # A mistake in chats.toml is reported now, not in a child's log.
    for mistakes in workplace.chats_file.put_aside.values():
        for mistake in mistakes.splitlines():
            print_line(console, "red", "✗", f"put aside: {mistake}")
    if workplace.first_steps:
        print_sentence(console, "yellow", "–", workplace.first_steps)
    ports = {"dagster": port, "mlflow": mlflow_port, "reports": reports_port}
    endpoints = endpoints_of(ports, address, prefix, load_serve(workplace.home.chats_file).allowed_hosts)
    for said in exposure([endpoints.dagster, endpoints.mlflow, endpoints.reports]):
        print_line(console, "yellow", "!", said)
    raise SystemExit(serve(workplace.home, endpoints, say=lambda text: console.print(text, highlight=False, soft_wrap=True)))
