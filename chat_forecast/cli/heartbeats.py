"""Heartbeats of the command ``run``, for those who start it by a timer of their own instead of ``up``.

Belongs here: what the command sends, and what it says where that fails.
Does not belong here: what there is to send (:mod:`chat_forecast.pipeline.heartbeat`).
"""

import os
from typing import TYPE_CHECKING

from rich.console import Console

from chat_forecast.cli.base import Workplace
from chat_forecast.presentation.notifications.heartbeat import Beat, HeartbeatError, heartbeats_of
from chat_forecast.settings.models import Chat

if TYPE_CHECKING:
    from chat_forecast.app.runs import Runner


def announce_night(workplace: Workplace, chat: Chat, console: Console) -> None:
    """Say that a chat's night begins, where somebody waits for that; an address that does not answer holds up nothing."""
    try:
        _, own = heartbeats_of(os.environ, [chat.slug])
    except HeartbeatError as error:
        console.print(f"No heartbeat is sent: {error}", highlight=False)
        return
    if chat.slug in own:
        own[chat.slug].send(Beat.START, f"{chat.slug} {workplace.yesterday(chat).key}")


def send_heartbeats(workplace: Workplace, runner: "Runner", chat: Chat, console: Console) -> None:
    """Say how a chat's night went, and how those of all chats did; that nobody takes it is said, and fails nothing."""
    from chat_forecast.pipeline.heartbeat import ALL, night_states, send_beats
    from chat_forecast.pipeline.run_states import read_run_states

    try:
        of_all, own = heartbeats_of(os.environ, [chat.slug])
    except HeartbeatError:  # said when the night was announced
        return
    beats = ({ALL: of_all} if of_all else {}) | own
    if not beats:
        return
    file = workplace.chats_file
    runs = read_run_states(runner.instance, file.chats, workplace.now)
    states = night_states(file.chats, workplace.resources, runs, workplace.now, tuple(file.put_aside))
    _, refused = send_beats(beats, states, {})
    if refused:
        console.print(f"Nobody took the heartbeat: {', '.join(refused)}.", highlight=False)
