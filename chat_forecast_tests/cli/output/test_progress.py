"""Progress on a terminal and without one."""

import io

from rich.console import Console

from chat_forecast.cli.output.progress import byte_progress, run_progress


def console(*, is_terminal: bool) -> Console:
    return Console(file=io.StringIO(), width=80, force_terminal=is_terminal, color_system=None, legacy_windows=False)


def run(target: Console) -> str:
    with run_progress(target) as progress:
        progress.headline("my-chat: reading")
        for done in range(4):
            progress.update("raw_messages", done, 3)
        progress.headline("my-chat: training")
        progress.update("trained_model", 0, 1)
    return target.file.getvalue()


def test_without_a_terminal_only_headlines_are_printed():
    assert run(console(is_terminal=False)) == "› my-chat: reading\n› my-chat: training\n"


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
