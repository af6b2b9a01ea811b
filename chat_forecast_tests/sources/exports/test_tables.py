import csv

import pandas as pd
import pytest

from chat_forecast.sources.exports.base import RefusedFileError, Tally
from chat_forecast.sources.exports.tables import read_csv, read_parquet_messages

NINE = pd.Timestamp("2023-05-01T09:00:00Z")


def read(path, *, timezone=None, reader=None):
    """The messages of a table."""
    reader = reader or (read_parquet_messages if path.suffix == ".parquet" else read_csv)
    return pd.concat(list(reader(path, timezone=timezone, tally=Tally(), progress=lambda _done: None)), ignore_index=True)


@pytest.fixture
def text_file(tmp_path):
    """Writes a text file and gives its path."""

    def write(text, encoding="utf-8", newline=None):
        path = tmp_path / "messages.csv"
        path.write_text(text, encoding=encoding, newline=newline)
        return path

    return write


@pytest.fixture
def parquet_file(tmp_path):
    """Writes a Parquet file and gives its path."""

    def write(**columns):
        path = tmp_path / "messages.parquet"
        pd.DataFrame(columns).to_parquet(path)
        return path

    return write


@pytest.mark.parametrize("separator", [",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_columns_are_found_by_name_whatever_the_separator_and_encoding(text_file, separator, encoding, newline):
    rows = [
        ["word", "message_id", "sent_at", "sender"],
        ["a", "7", "2023-05-01T09:00:00Z", "é"],
        ["", "", "2023-05-01T11:00:00+02:00", ""],
    ]
    found = read(text_file("".join(separator.join(row) + "\n" for row in rows), encoding, newline))
    assert found["message_id"].tolist() == [7, pd.NA]
    assert found["sent_at"].tolist() == [NINE, NINE]
    assert found["sender"].tolist() == ["é", None]


@pytest.mark.parametrize(
    "time",
    [
        "2023-05-01T09:00:00Z",
        "2023-05-01 09:00:00+00:00",
        "2023-05-01T12:00:00+0300",
        "2023-05-01 12:00+03",
        "2023-05-01T12:00:00",
        "2023-05-01 12:00:00.000",
    ],
)
def test_times_are_read_with_their_offset_or_in_the_given_zone(text_file, time):
    assert read(text_file(f"sent_at\n{time}\n"), timezone="Europe/Moscow")["sent_at"].tolist() == [NINE]


def test_times_with_and_without_offset_may_be_mixed(text_file):
    path = text_file("sent_at\n2023-05-01 12:00\n2023-05-01 09:00Z\n2023-05-01 12:00:00.5\n")
    assert read(path, timezone="Europe/Moscow")["sent_at"].tolist() == [NINE, NINE, NINE + pd.Timedelta("500ms")]


def test_the_original_pipelines_file_is_read_without_ids(text_file):
    rows = ['123.0\t"two ""quoted""\nlines"', '\tan "apple']
    found = read(text_file("datetime\tuser_id\ttext\n" + "".join(f"2023-05-01 09:00:00+00:00\t{row}\n" for row in rows)))
    assert found["message_id"].isna().tolist() == [True, True]
    assert found["sender"].tolist() == ["123.0", None]


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONE])
def test_no_row_is_lost_to_quotes_in_the_text(tmp_path, quoting):
    texts = ['"', 'he said "', '"so"', '" "', "'", '"unfinished', "plain", '"', "\\", '""', ',"', 'x"y"z']
    if quoting != csv.QUOTE_NONE:
        texts += [
            "two\nlines",
            '"two\nquoted\nlines"',
            "carriage\rreturn",
            "tab\there",
            "2023-05-01 10:00 is a time\nand so on",
        ]
    path = tmp_path / "messages.tsv"
    with path.open("w", newline="") as file:
        writer = csv.writer(
            file, delimiter="\t", quoting=quoting, escapechar=None, quotechar='"' if quoting != csv.QUOTE_NONE else None
        )
        writer.writerow(["user_id", "datetime", "text"])
        writer.writerows([[number, "2023-05-01 09:00:00", text] for number, text in enumerate(texts)])
    found = read(path, timezone="UTC")
    assert found["sender"].tolist() == [str(number) for number in range(len(texts))]


def test_a_separator_too_many_does_not_move_the_columns(text_file):
    text = "datetime\tuser_id\ttext\n2023-05-01 09:00:00Z\t5\ta\tb\n2023-05-01 09:00:00Z\t6\ta\n2023-05-01 09:00:00Z\t7\n"
    assert read(text_file(text))["sender"].tolist() == ["5", "6", "7"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time,id\n1,2\n", "found the columns time, id. Expected a column sent_at"),
        ("sent_at;sender\n2023-05-01 09:00:00Z;5\n", "found the columns sent_at;sender"),
        ("sent_at\n2023-05-01 09:00:00\n", "do not tell their zone.*--timezone"),
        ("sent_at\n2023-05-01 09:00:00Z\n2023-02-30 09:00:00Z\n", "row 2 has a time that is none"),
        ("sent_at\n2023-05-01 09:00:00Z\n1683000000\n", "row 2 has a time that is none"),
        ("sent_at,sender\n2023-05-01 09:00:00Z,1\n,2\n", "row 2 has no time"),
        ("sent_at,message_id\n2023-05-01 09:00:00Z,1.5\n", "row 1 has a message_id that is no whole number"),
        ("sent_at,message_id\n2023-05-01 09:00:00Z,x\n", "row 1 has a message_id that is no whole number"),
        ("sent_at,message_id\n2023-05-01 09:00:00Z,-9007199254740993\n", "row 1 has a message_id too low"),
    ],
)
def test_a_text_file_that_does_not_fit_is_refused_with_the_row(text_file, text, words):
    with pytest.raises(RefusedFileError, match=words):
        read(text_file(text))


def test_great_ids_are_exact_even_beside_missing_ones(text_file, parquet_file):
    great = 1393770898347131053
    path = text_file(f"sent_at,message_id\n2023-05-01 09:00:00Z,{great}\n2023-05-01 09:00:00Z,\n")
    assert read(path)["message_id"].tolist() == [great, pd.NA]
    path = parquet_file(sent_at=[NINE, NINE], message_id=pd.array([great, None], dtype="Int64"))
    assert read(path)["message_id"].tolist() == [great, pd.NA]


def test_parquet_with_numbers_as_senders_and_unknown_ids(parquet_file):
    path = parquet_file(
        sent_at=pd.DatetimeIndex([NINE, NINE]).as_unit("ms"),
        message_id=pd.array([None, None], dtype="Int64"),
        sender=pd.array([5, None], dtype="Int32"),
    )
    found = read(path)
    assert found["sender"].tolist() == [5, None]
    assert found["message_id"].isna().all()
    assert str(found["sent_at"].dtype) == "datetime64[us, UTC]"


def test_parquet_times_may_be_local_or_text_or_of_another_zone(parquet_file):
    local = NINE.tz_convert("Europe/Moscow")
    for times in ([local], [local.tz_localize(None)], [local.isoformat()], [str(local.tz_localize(None))]):
        assert read(parquet_file(sent_at=times), timezone="Europe/Moscow")["sent_at"].tolist() == [NINE]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"sent_at": [1683000000]}, "its times are int64"),
        ({"sent_at": [NINE.date()]}, "its times are"),
        ({"sent_at": [NINE], "sender": [[1]]}, "its senders are"),
        ({"sent_at": [NINE, None]}, "row 2 has no time"),
        ({"sent_at": [NINE], "message_id": [1.5]}, "row 1 has a message_id"),
        ({"when": [NINE]}, "found the columns when"),
    ],
)
def test_a_parquet_file_that_does_not_fit_is_refused(parquet_file, columns, words):
    with pytest.raises(RefusedFileError, match=words):
        read(parquet_file(**columns))


def test_a_damaged_parquet_file_is_refused(parquet_file):
    path = parquet_file(sent_at=[NINE] * 1000)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(RefusedFileError, match="no readable Parquet file"):
        read(path)


def test_row_numbers_go_on_from_one_piece_of_a_file_to_the_next(text_file):
    rows = ["2023-05-01 09:00:00Z"] * 60_000 + ["never"]
    with pytest.raises(RefusedFileError, match="row 60001 has a time that is none"):
        read(text_file("sent_at\n" + "\n".join(rows)))
