"""Judging stored scores again: ``rescore``."""

from datetime import datetime

import click

from chat_forecast.cli.base import (
    Workplace,
    chat_argument,
    console_for,
    day_type,
    ended_day,
    examples,
    json_option,
    pass_workplace,
    print_json,
)
from chat_forecast.cli.reports import refresh_report
from chat_forecast.domain.local_day import LocalDay


@click.command(epilog=examples("chat-forecast rescore my-chat", "chat-forecast rescore my-chat --from 2026-01-01 --json"))
@chat_argument
@click.option("--from", "first", type=day_type, help="First day; by default the chat's first day.")
@click.option("--to", "last", type=day_type, help="Last day; by default yesterday.")
@json_option
@pass_workplace
def rescore(workplace: Workplace, chat_slug: str, first: datetime | None, last: datetime | None, as_json: bool) -> None:
    """Judge stored scores again, by the rule now in chats.toml.

    A verdict is stored with its score when the score is made, and a changed rule concerns only the days that come. This
    renews the verdicts of days that are scored already, and nothing else of their scores. If the newest one fails then, the
    model is retrained as after any failed check. The exit code is 1 if a stored file that belongs to them cannot be used.
    """
    from chat_forecast.app.rescoring import report_renewed
    from chat_forecast.app.rescoring import rescore as judge
    from chat_forecast.cli.output.scores import print_rescoring, rescoring_figures

    chat = workplace.chat(chat_slug)
    begin = ended_day(workplace, chat, first, "--from") if first else LocalDay(chat.first_day, chat.timezone)
    end = ended_day(workplace, chat, last, "--to") if last else workplace.yesterday(chat)
    if end < begin:
        raise click.UsageError(f"--from {begin.key} is after --to {end.key}")
    done, console = judge(chat, workplace.storage(chat), begin, end), console_for(as_json)
    report_renewed(workplace.home, workplace.chats, chat, done.judged)
    print_rescoring(console, chat, done)
    refresh_report(workplace, chat, console)
    if as_json:
        print_json(rescoring_figures(chat, done))
    raise SystemExit(1 if done.faults else 0)
