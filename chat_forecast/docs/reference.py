"""The configuration reference, from the models that read the configuration.

Belongs here: describing each key in Markdown.
Does not belong here: the fields and their descriptions (:mod:`chat_forecast.settings.models`).
"""

from datetime import date
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from chat_forecast.settings.models import SECTIONS, Chat
from chat_forecast.settings.shared_tables import SHARED_TABLES

PAGE = Path(__file__).with_name("configuration.md")
TABLES: dict[str, type[BaseModel]] = {
    "chats.<slug>": Chat,
    **{f"chats.<slug>.{section}": model for section, model in SECTIONS.items()},
    **SHARED_TABLES,
}
"""Every table of ``chats.toml`` and what reads it."""
TYPE_NAMES: dict[Any, str] = {str: "text", int: "whole number", float: "number", bool: "`true` or `false`", date: "date"}
HEAD = """\
# Configuration reference

<!-- Written by `python -m chat_forecast.docs` from the models in chat_forecast/settings/models.py: change it there. -->

This page lists the tables and keys of `chats.toml`. Keys with a default are optional. An unknown key or an invalid value
disables its chat: `status` and the commands that name the chat report the mistake, and all other chats continue. A
mistake outside the chats' tables, such as one in `[notify]`, is reported before anything runs. `chat-forecast up` picks
up changes automatically.
"""


def configuration_reference() -> str:
    """The page, as Markdown."""
    return "\n".join([HEAD, *(_table(name, model) for name, model in TABLES.items())])


def _table(name: str, model: type[BaseModel]) -> str:
    fields = {key: field for key, field in model.model_fields.items() if not _is_table(field)}
    slug = fields.pop("slug", None)  # the table's name, not a key in it
    rows = [f"| `{key}` | {_value(field)} | {_default(field)} | {field.description} |" for key, field in fields.items()]
    about = (model.__doc__ or "").strip().splitlines()[0].rpartition("``: ")[2]
    about = about[0].upper() + about[1:].replace("``", "`")
    named = ["", f"`<slug>`: {slug.description}"] if slug else []
    return "\n".join(
        [
            f"## `[{name}]`",
            "",
            about,
            *named,
            "",
            "| key | value | default | meaning |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def _is_table(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def _value(field: FieldInfo) -> str:
    """What a field may hold, in words.

    >>> from pydantic import Field
    >>> _value(FieldInfo.from_annotated_attribute(int, Field(default=7, ge=1, le=90)))
    'whole number, from 1, to 90'
    """
    kind: Any = field.annotation
    if get_origin(kind) in (Union, UnionType):  # a field that may be left out is one with None
        kind = next(each for each in get_args(kind) if each is not NoneType)
    if kind == dict[str, int]:
        return "table of whole numbers"
    if kind == list[str]:
        return "list of texts"
    if get_origin(kind) is list:
        return f"list of any of {', '.join(f'`{each}`' for each in get_args(get_args(kind)[0]))}"
    if get_origin(kind) is Literal:
        return " or ".join(f"`{each}`" for each in get_args(kind))
    return ", ".join([TYPE_NAMES.get(kind, str(kind)), *(_bound(limit) for limit in field.metadata if _bound(limit))])


def _bound(limit: Any) -> str:  # noqa: ANN401 - pydantic's own list of anything
    match limit:
        case annotated_types.Ge(ge=bound):
            return f"from {bound:,}"
        case annotated_types.Gt(gt=bound):
            return f"above {bound:,}"
        case annotated_types.Le(le=bound):
            return f"to {bound:,}"
        case annotated_types.Lt(lt=bound):
            return f"below {bound:,}"
        case _:
            return ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    if isinstance(field.default, list | dict):
        return "all of them" if field.default else "none"
    return "none" if field.default is None else f"`{str(field.default).lower() if field.default is True else field.default}`"
