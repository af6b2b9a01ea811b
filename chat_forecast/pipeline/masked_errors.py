"""What Dagster stores and shows of errors, without secrets.

Belongs here: every error of a step, a sensor or a schedule as it becomes an event or a tick.
Does not belong here: what is secret (:mod:`chat_forecast.masking`).
"""

import os
import traceback

from chat_forecast.masking import mask_output, shown
from chat_forecast.pipeline.compat import SerializableErrorInfo


def mask_errors() -> None:
    """Let this process's logs and errors be without secrets; calling it again adds those that the environment has by now."""
    mask_output(os.environ)
    setattr(SerializableErrorInfo, "from_traceback", _from_traceback)  # noqa: B010 - mypy knows it as a method


def _from_traceback(error: traceback.TracebackException) -> SerializableErrorInfo:
    """As Dagster's own, from an error and those that led to it."""
    context = error.__context__ if not error.__suppress_context__ else None
    return SerializableErrorInfo(
        message=shown("".join(error.format_exception_only())),
        stack=[shown(line) for line in error.stack.format()],
        cls_name=error.exc_type.__name__ if error.exc_type is not None else None,
        cause=_from_traceback(error.__cause__) if error.__cause__ else None,
        context=_from_traceback(context) if context else None,
    )
