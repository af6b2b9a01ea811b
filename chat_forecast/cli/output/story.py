"""What happened to a chat, in chapters: the end of what ``demo`` prints.

Belongs here: wording them, and the same as figures.
Does not belong here: finding them (:mod:`chat_forecast.app.demo`).
"""

from collections.abc import Sequence

from rich.console import Console

from chat_forecast.app.demo import Chapter
from chat_forecast.cli.output.lines import print_sentence
from chat_forecast.cli.output.names import shown_name
from chat_forecast.plain_text import counted
from chat_forecast.settings.models import Chat


def print_story(console: Console, chat: Chat, story: Sequence[Chapter]) -> None:
    """Print the chapters, a sentence each."""
    console.print(f"{shown_name(chat)}: what happened", style="italic", markup=False, highlight=False)
    was_good = False
    for number, chapter in enumerate(story):
        days = dict.fromkeys((chapter.first.key, chapter.last.key))
        span = f"{' to '.join(days)}, {counted(chapter.nights, 'nights')}"
        figures = f"skill {chapter.skill:+.0%}, {counted(chapter.trainings, 'trainings')}"
        if chapter.is_good:
            print_sentence(console, "green", "✓", f"{span}: good{' again' if was_good else ''} ({figures})")
            was_good = True
        elif number == 0:
            print_sentence(console, "yellow", "–", f"{span}: learning, without a model")
        else:
            print_sentence(console, "red", "✗", f"{span}: not good enough ({figures}). {chapter.reason}")


def story_figures(story: Sequence[Chapter]) -> list[dict[str, object]]:
    """What :func:`print_story` prints, as figures."""
    return [vars(chapter) | {"first": chapter.first.key, "last": chapter.last.key} for chapter in story]
