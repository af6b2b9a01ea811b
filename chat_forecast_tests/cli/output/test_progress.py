"""Progress on a terminal and without one."""

import io

from rich.console import Console

from chat_forecast.cli.output.progress import byte_progress, run_progress


def console(*, is_terminal: bool) -> Console:
    return Console(file=io.StringIO(), width=80, force_terminal=is_terminal, color_system=None, legacy_windows=False)


def run(target: Console, *, seconds_a_day: float = 0) -> str:
    now = iter(range(1000))
    with run_progress(target, lambda: next(now) * seconds_a_day) as progress:
        progress.headline("my-chat: reading")
        for done in range(1100, 1104):
            progress.update("raw_messages", done, 1103)
        progress.headline("my-chat: training")
        progress.update("trained_model", 0, 1)
    return target.file.getvalue()


def test_without_a_terminal_what_takes_less_than_a_minute_prints_headlines_only():
    assert run(console(is_terminal=False)) == "› my-chat: reading\n› my-chat: training\n"


def test_without_a_terminal_a_line_a_minute_says_how_much_is_done():
    said = run(console(is_terminal=False), seconds_a_day=61).splitlines()
    assert said == [
        "› my-chat: reading",
        "  raw_messages: 1,100 of 1,103 days",
        "  raw_messages: 1,101 of 1,103 days",
        "  raw_messages: 1,102 of 1,103 days",
        "  raw_messages: 1,103 of 1,103 days",
        "› my-chat: training",
        "  trained_model: 0 of 1 day",
    ]
    assert run(console(is_terminal=False), seconds_a_day=20).splitlines()[1:-1] == ["  raw_messages: 1,102 of 1,103 days"]


def test_on_a_terminal_no_line_is_added_to_the_bars():
    assert "raw_messages:" not in run(console(is_terminal=True), seconds_a_day=61)


def test_a_headline_in_a_log_stays_one_line():
    target = console(is_terminal=False)
    with run_progress(target) as progress:
        progress.headline("my-chat: " + "a reason of many words " * 10)
    assert target.file.getvalue().count("\n") == 1


def test_on_a_terminal_bars_count_the_days_and_are_gone_at_the_end():
    shown = run(console(is_terminal=True))
    assert "› my-chat: reading" in shown
    assert "raw_messages" in shown
    assert "days" in shown
    assert shown.endswith("\x1b[?25h\r\x1b[1A\x1b[2K")  # the cursor is back, and the bar's line wiped


def test_bytes_are_shown_on_a_terminal_alone():
    for is_terminal in (True, False):
        target = console(is_terminal=is_terminal)
        with byte_progress(target, "reading") as progress:
            progress(500, 1000)
            progress(1000, 1000)
        assert ("1.0/1.0 kB" in target.file.getvalue()) == is_terminal


def test_bytes_are_a_line_a_minute_without_a_terminal():
    target, now = console(is_terminal=False), iter((0, 30, 61, 61))
    with byte_progress(target, "reading", lambda: next(now)) as progress:
        progress(500_000, 2_000_000)
        progress(1_000_000, 2_000_000)
    assert target.file.getvalue() == "  reading: 1.0 MB of 2.0 MB\n"


def test_a_headline_says_enough_for_a_minute():
    target, now = console(is_terminal=False), iter((0, 59, 61))
    with run_progress(target, lambda: next(now)) as progress:
        progress.headline("my-chat: training")
        progress.update("trained_model", 0, 1)
    assert target.file.getvalue() == "› my-chat: training\n"
