"""The border of the terminal: whatever is printed for people goes through here.

Belongs here: keeping secrets, and signs that command a terminal, out of it; a question mark for signs that it has not.
Does not belong here: which signs (:mod:`chat_forecast.plain_text`), which secrets (:mod:`chat_forecast.masking`).
"""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from chat_forecast.masking import shown


class SafeConsole(Console):
    """A console that reads no markup into texts, and shows them without secrets and harmless."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - rich takes settings of any type
        super().__init__(markup=False, **settings)

    def print(self, *objects: Any, **settings: Any) -> None:  # noqa: ANN401 - rich prints anything, with settings of any type
        """Print texts; here, since a secret that is broken over two lines would not be known."""
        super().print(*(shown(each) if isinstance(each, str) else each for each in objects), **settings)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render anything: tables, styled texts, bars."""
        for segment in super().render(renderable, options):
            # What rich itself sends to move the cursor is a control; colours are a style.
            is_own = segment.control is not None
            yield segment if is_own else Segment(_writable(shown(segment.text), self.encoding), segment.style)


def _writable(text: str, encoding: str) -> str:
    """What of a text can be written in an encoding: that of the terminal, which the locale names.

    >>> _writable("› 1 – 2", "koi8-r")
    '? 1 ? 2'
    """
    return text if encoding.startswith("utf") else text.encode(encoding, "replace").decode(encoding)
