"""What the fuzzer makes files of."""

import csv
import io
import json
import random
import re
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import reject
from hypothesis import strategies as st

CORPUS = Path(__file__).parent / "corpus"
CORPUS_FILES = sorted(path for path in CORPUS.iterdir() if path.is_file())
FIRST = 1_682_935_810

GREAT = [2**31, 2**53, 2**62, -(2**62), 2**63, -(2**63), 2**64, 253_402_300_800, -62_167_219_200, 10**300]
NUMBERS = (
    st.sampled_from([0, -1, *GREAT, 0.5, 1e20, 1e300, FIRST + 0.5, FIRST * 1000, FIRST * 10**6, FIRST * 10**9])
    | st.integers(-(2**70), 2**70)
    | st.floats()
)
TIMES = st.sampled_from(
    ["0000-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "20230501T101010Z", "2023-05-01",
     "2023-02-30T10:10:10", "2023-05-01T24:00:00", "2023-05-01T10:10:60", "01.05.2023 10:10", "5/1/23, 1:05 PM", "10:10",
     "2023-05-01T10:10:10+99:99", "2023-05-01 10:10 Mars/Phobos", "2023-10-29T02:30:00", "2023-03-26T02:30:00", "now"]
)  # fmt: skip
ODD_TEXTS = ["9" * 5000, "1e400", "NaN", "inf", "\ud800", "=1+1", '"', "user1", "\0"]
TEXTS = TIMES | st.text(max_size=8) | st.sampled_from(ODD_TEXTS)
PLAIN = st.none() | st.booleans() | NUMBERS | TEXTS
NESTED = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)
DEEP = st.integers(2, 3000).map(lambda depth: f"{'[' * depth}{']' * depth}")
DIGITS = st.integers(300, 6000).map(lambda digits: "9" * digits)
RAW = DEEP | DIGITS | st.sampled_from(["1e999", "-", "\\x41", "{", "nul", "[1,,2]"])
"""JSON that no program writes."""


def entry(number: int) -> dict[str, object]:
    """A message as Telegram Desktop writes it."""
    times = {"date": f"2023-05-01T10:{number % 60:02d}:10", "date_unixtime": str(FIRST + 60 * number)}
    return {"id": number, "type": "message", **times, "from": "A", "from_id": f"user{number % 3}", "text": "so"}


@st.composite
def exports(draw) -> bytes:
    """An export of Telegram Desktop in which a few things are odd."""
    entries = [entry(number) for number in range(1, draw(st.integers(0, 60)))]
    for _ in range(draw(st.integers(0, 3)) if entries else 0):
        odd = draw(st.sampled_from(entries))
        key = draw(st.sampled_from(["id", "type", "date", "date_unixtime", "from_id", "text", "action", "title"]))
        odd[key] = draw(NESTED | st.sampled_from(["service", "migrate_from_group", "unsupported"]))
        if draw(st.booleans()):
            odd.pop(draw(st.sampled_from(list(odd))))
    document = {"name": "A chat", "type": "private_supergroup", "id": 77}
    if draw(st.integers(0, 5)) == 0:
        document[draw(st.sampled_from(["name", "type", "id", "extra"]))] = draw(NESTED)
    document["messages"] = entries
    if draw(st.integers(0, 7)) == 0:
        document = {"chats": {"about": "", "list": [document, *draw(st.lists(NESTED, max_size=1))]}}
    text = json.dumps(document, indent=draw(st.sampled_from([None, 1])), ensure_ascii=draw(st.booleans()))
    if draw(st.integers(0, 4)) == 0:
        values = [found.span(1) for found in re.finditer(r'": ?("[^"]*"|\d+)', text)]
        begin, end = draw(st.sampled_from(values))
        text = text[:begin] + draw(RAW) + text[end:]
    return text.encode("utf-8", "surrogatepass")


@st.composite
def text_tables(draw) -> tuple[bytes, int | None]:
    """A CSV file in which a few things are odd, and how many messages it has; None if that is a matter of taste."""
    names = draw(st.permutations(["sent_at", "message_id", "sender", "text"]))
    names += draw(st.sampled_from([[], [], [], ["sent_at"], ["date"], ["sender"], ["a" * 70_000], ["=1"]]))
    rows = [
        {
            "sent_at": f"2023-05-01T10:{number % 60:02d}:10Z",
            "message_id": str(number),
            "sender": f"u{number % 3}",
            "text": "so",
        }
        for number in range(1, draw(st.integers(1, 60)))
    ]
    for _ in range(draw(st.integers(0, 3)) if rows else 0):
        odd = draw(st.sampled_from(rows))
        odd[draw(st.sampled_from(list(odd)))] = draw(PLAIN.map(str) | st.sampled_from(["a,b;c", "two\nlines", "x" * 3000]))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=draw(st.sampled_from(",;\t|")), lineterminator=draw(st.sampled_from(["\n", "\r\n"])))
    writer.writerow(names)
    writer.writerows([row.get(name, "") for name in names] for row in rows)
    return out.getvalue().encode("utf-8", "replace"), len(rows)


UNITS = st.sampled_from(["s", "ms", "us", "ns"])
INSTANTS = st.integers(-(2**63) + 1, 2**63 - 1) | st.sampled_from([2**62, -(2**62), FIRST, FIRST * 10**3, FIRST * 10**6])


@st.composite
def parquet_columns(draw, count: int) -> pa.Array:
    """A column of any type."""
    match draw(st.sampled_from(["time", "integer", "float", "text", "bytes", "day", "dictionary", "list", "null", "bool"])):
        case "time":
            kind = pa.timestamp(draw(UNITS), draw(st.sampled_from([None, "UTC", "America/New_York"])))
            return pa.array([draw(st.none() | INSTANTS)] * count, pa.int64()).cast(kind)
        case "integer":
            kind = draw(st.sampled_from([pa.int8(), pa.int32(), pa.int64(), pa.uint64()]))
            return pa.array([draw(st.none() | st.integers(0, 127))] * count, kind)
        case "float":
            return pa.array([draw(st.none() | st.floats()) for _ in range(count)], pa.float64())
        case "text":
            return pa.array([draw(st.none() | TIMES)] * count, draw(st.sampled_from([pa.string(), pa.large_string()])))
        case "bytes":
            return pa.array([draw(st.binary(max_size=4))] * count, pa.binary())
        case "day":
            return pa.array([draw(st.integers(-(2**31), 2**31 - 1))] * count, pa.int32()).cast(pa.date32())
        case "dictionary":
            return pa.array([draw(st.none() | TIMES)] * count, pa.string()).dictionary_encode()
        case "list":
            return pa.array([[1]] * count)
        case "null":
            return pa.nulls(count)
        case _:
            return pa.array([draw(st.none() | st.booleans())] * count, pa.bool_())


@st.composite
def parquet_tables(draw) -> bytes:
    """A Parquet file in which one column is odd."""
    count = draw(st.integers(0, 40))
    columns = {
        "sent_at": pa.array([FIRST * 10**6 + number for number in range(count)], pa.timestamp("us", "UTC")),
        "message_id": pa.array(range(1, count + 1), pa.int64()),
        "sender": pa.array([f"u{number % 3}" for number in range(count)]),
    }
    names = list(columns)
    columns[draw(st.sampled_from(names))] = draw(parquet_columns(count))
    if draw(st.integers(0, 5)) == 0:
        names.append("sent_at")
    out = io.BytesIO()
    table = pa.Table.from_arrays([columns[name] for name in names], names=names)
    try:
        pq.write_table(table, out, compression=draw(st.sampled_from(["none", "snappy", "zstd"])))
    except pa.ArrowInvalid:  # no file can hold such a time
        reject()
    return out.getvalue()


ODD_SETTINGS = [
    "[" * 5000, "{a=" * 3000, "9" * 5000, "a" + ".a" * 3000, "0000-01-01", "nan", "inf", "-1", "'\\'", "{}", "[]"
]  # fmt: skip


@st.composite
def settings_files(draw) -> bytes:
    """A ``chats.toml`` in which a few things are odd; the chat ``good`` is none of them."""
    odd = st.sampled_from(ODD_SETTINGS)
    key = st.sampled_from(["source", "timezone", "first_day", "slug", "training", "check", "last_day"]) | st.text(max_size=5)
    lines = ["[chats.good]", 'source = "simulated"', 'timezone = "UTC"', "first_day = 2026-01-01", "[chats.odd]"]
    for _ in range(draw(st.integers(0, 4))):
        value = draw(odd | NUMBERS.map(str) | TEXTS.map(json.dumps))
        line = draw(st.sampled_from(["{} = {}", "[chats.{}]\n#{}", "[{}]\n#{}", "[[{}]]\n#{}", "{}.{} = 1"]))
        lines.append(line.format(draw(key), value))
    return "\n".join(lines).encode("utf-8", "replace")


@st.composite
def mutated(draw, content: bytes) -> bytes:
    """A file after bits flipped, pieces were cut out or doubled, or tokens were put in."""
    chance = random.Random(draw(st.integers(0, 2**32)))  # noqa: S311 - no secret
    tokens = [
        b"[" * 500,
        b"9" * 5000,
        b"\0",
        b"\xff\xfe",
        b'"',
        b"\\",
        b"\n",
        b"}",
        b"]",
        b",",
        b'{"messages":[',
        b"\xf0\x9f\x98\x80",
        b"1e999",
    ]
    for _ in range(draw(st.integers(0, 6))):
        at = chance.randrange(len(content) + 1)
        to = min(len(content), at + chance.choice([1, 1, 4, 16, 200]))
        match draw(st.sampled_from(["flip", "flip", "cut", "double", "token", "end"])):
            case "flip":
                flipped = bytes(each ^ 1 << chance.randrange(8) for each in content[at : at + 1])
                content = content[:at] + flipped + content[at + 1 :]
            case "cut":
                content = content[:at] + content[to:]
            case "double":
                content = content[:to] + content[at:]
            case "token":
                content = content[:at] + chance.choice(tokens) + content[at:]
            case "end":
                content = content[:to]
    return content


def changed(files: list[Path], named: Callable[[Path], str]) -> st.SearchStrategy[tuple[str, bytes]]:
    """What a file is named, and what became of its content."""
    return st.sampled_from(files).flatmap(lambda path: st.tuples(st.just(named(path)), mutated(path.read_bytes())))
