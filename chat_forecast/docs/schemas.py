"""The page about stored files, from the table of schemas.

Belongs here: describing each schema and column in Markdown.
Does not belong here: the columns and their meanings (:mod:`chat_forecast.storage.schemas`).
"""

from pathlib import Path

from chat_forecast.storage.schemas import ARCHIVE, LOCAL_TIME, PARTITION_SCHEMAS, Column, Schema

PAGE = Path(__file__).with_name("schemas.md")
HEAD = """\
# Stored files

<!-- Written by `python -m chat_forecast.docs` from chat_forecast/storage/schemas.py: change it there. -->

All data is stored in Parquet files. A partition is `<root>/<chat>/<asset>/<YYYY-MM-DD>.parquet`, and the imported
messages are `<root>/<chat>/archive/messages.parquet`. Each file contains the name and version of its schema. Files of an
older version are read, with NA in the columns that they lack; files of a newer version are rejected with a message. A
column never changes its meaning or type.
"""


def schema_reference() -> str:
    """The page, as Markdown."""
    return "\n".join([HEAD, *(_table(schema) for schema in (*PARTITION_SCHEMAS.values(), ARCHIVE))])


def _table(schema: Schema) -> str:
    rows = [f"| `{each.name}` | {_type(each)} | {each.meaning} | {_versions(each)} |" for each in schema.columns]
    head = ["| column | type | meaning | versions |", "|---|---|---|---|"]
    return "\n".join([f"## {schema.name}", "", f"Version {schema.version}.", "", *head, *rows, ""])


def _type(column: Column) -> str:
    return "local time" if column.type == LOCAL_TIME else str(column.type)


def _versions(column: Column) -> str:
    return f"{column.since} and later" if column.until is None else f"{column.since} to {column.until - 1}"
