"""Judging stored scores again: ``rescore``."""

from datetime import datetime

import click

from chat_forecast.cli.base import Workplace, chat_argument, day_type, ended_day, examples, pass_workplace
from chat_forecast.cli.printing import console_for, json_option, print_json
from chat_forecast.cli.reports import refresh_report
from chat_forecast.domain.local_day import LocalDay


@click.command(epilog=examples("chat-forecast rescore my-chat", "chat-forecast rescore my-chat --from 2026-01-01 --json"))
@chat_argument
@click.option("--from", "first", type=day_type, help="First day.  [default: the chat's first day]")
@click.option("--to", "last", type=day_type, help="Last day.  [default: yesterday]")
@json_option
@pass_workplace
def rescore(workplace: Workplace, chat_slug: str, first: datetime | None, last: datetime | None, as_json: bool) -> None:
    """Re-evaluate stored scores with the rule in chats.toml.

    Each score is stored with its verdict, so a changed rule applies to new scores only. This command renews the verdicts of
    existing scores and changes nothing else. If the newest verdict fails, the model is retrained as after any failed check.
    The exit code is 1 if one of the stored files cannot be used.
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
