import csv

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chat_forecast.sources.exports.base import RefusedFileError, Tally, join_batches
from chat_forecast.sources.exports.parquet_tables import read_parquet_messages
from chat_forecast.sources.exports.tables import read_csv
from chat_forecast_tests.damage import NO_UTF_8

NINE = pd.Timestamp("2023-05-01T09:00:00Z")


def read(path, *, timezone=None, reader=None):
    """The messages of a table."""
    reader = reader or (read_parquet_messages if path.suffix == ".parquet" else read_csv)
    found = join_batches(reader(path, timezone=timezone, tally=Tally(), progress=lambda _done: None))
    return found.assign(sender=found["sender"].astype(object).where(found["sender"].notna(), None))


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


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
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
        "2023/05/01 12:00",
        "2023-05-01 09:00:00 UTC",
        "2023-05-01T09:00:00 Z",
        "2023-05-01 12:00:00 UTC+03:00",
        "2023-05-01 09:00 GMT",
        "2023-05-01 11:00:00 Europe/Berlin",
        "2023-05-01T12:00:00+03:00[Europe/Moscow]",
        "2023-05-01T11:00:00[Europe/Berlin]",
        "2023-05-01 12:00:00 MSK",
        "01.05.2023 12:00:00",
        "1.5.2023, 12:00",
        "2023-5-1 12:00:00",
        "1682931600",
        "1682931600.0",
        "1682931600,000",
        "1.682931600e+09",
        "1.682931600000E18",
        "2023-05-01 09:00:00 (UTC)",
        "1682931600000",
        "1682931600000000",
        "1682931600000000000",
    ],
)
def test_times_are_read_with_their_offset_or_in_the_given_zone(tmp_path, time):
    path = tmp_path / "messages.tsv"
    path.write_text(f"sent_at\tsender\n{time}\t1\n")
    assert read(path, timezone="Europe/Moscow")["sent_at"].tolist() == [NINE]


@pytest.mark.parametrize("order", ["day", "month"])
@pytest.mark.parametrize("clock", ["%H:%M", "%I:%M:%S %p", "%I:%M\u202f%p"])
def test_dates_are_day_first_or_month_first_when_a_row_anywhere_in_the_file_proves_it(text_file, order, clock):
    times = [NINE + pd.Timedelta(hours=11 * number) for number in range(60)]
    date = "%d/%m/%Y" if order == "day" else "%m/%d/%y"
    path = text_file("sent_at;sender\n" + "".join(f"{time.strftime(f'{date} {clock}')};5\n" for time in times))
    assert read(path, timezone="UTC")["sent_at"].tolist() == times


def test_times_that_never_were_are_given_as_unknown_and_shown(text_file):
    tally = Tally()
    path = text_file("sent_at\n2023-05-01 09:00:00Z\n0000-00-00 00:00:00\n2023-02-30 09:00:00Z\n2023-05-01 25:00\n")
    found = pd.concat(list(read_csv(path, timezone="UTC", tally=tally, progress=lambda _done: None)))
    assert found["sent_at"].isna().tolist() == [False, True, True, True]
    assert tally.impossible_shown == ["0000-00-00 00:00:00", "2023-02-30 09:00:00Z", "2023-05-01 25:00"]


def test_only_clock_times_of_a_zone_that_the_file_does_not_name_are_counted(text_file):
    tally = Tally()
    path = text_file("sent_at\n2023-05-01 09:00:00Z\n2023-05-01 09:00\n2023-05-01 09:00 Europe/Berlin\n1.5.2023 09:00\n")
    list(read_csv(path, timezone="UTC", tally=tally, progress=lambda _done: None))
    assert tally.clock_times == 2


def test_of_several_columns_named_like_a_time_the_one_with_a_date_and_a_time_of_day_is_taken(text_file):
    path = text_file("Date,time,SENT_AT\n2023-05-01,12:00,2023-05-01 09:00Z\n")
    assert read(path)["sent_at"].tolist() == [NINE]


def test_the_separator_that_excel_writes_above_the_header_is_passed_over(text_file):
    assert read(text_file("sep=;\nsent_at;sender\n2023-05-01 09:00Z;5\n"))["sender"].tolist() == ["5"]


def test_blank_lines_and_a_header_among_the_rows_are_passed_over(text_file):
    tally, row = Tally(), "2023-05-01 09:00Z,5\n"
    path = text_file(f"\n\nsent_at,sender\n{row}\n{row}sent_at,sender\n{row}")
    found = pd.concat(list(read_csv(path, timezone=None, tally=tally, progress=lambda _done: None)))
    assert (found["sent_at"].tolist(), tally.unsupported) == ([NINE] * 3, 1)


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
        ("01/11/2026, 06:16 - Ann: hello\nmore, of it\n", "its first line does not name the columns"),
        ("when,id\n1,2\n", "found the columns when, id. Expected a column sent_at"),
        ("sent_at\n2023-05-01 09:00:00\n", "do not tell their zone.*--file-timezone"),
        ("sent_at\n2023-05-01 09:00:00Z\ntomorrow 09:00\n", "row 2 has a time that is none"),
        ("sent_at\n2023-05-01 09:00:00 Here/There\n", "times end in Here/There, which is no known time zone"),
        ("sent_at\n2023-05-01\n2023-05-02\n", "its dates have no time of day"),
        ("sent_at\n31.12.2023\n", "its dates have no time of day"),
        ("sent_at\n20231231\n", "its dates have no time of day"),
        ("sent_at\n1.68293E+09\n", "row 1 has a rounded Unix time such as 1.79E\\+09. Write its numbers in full"),
        ("sent_at\n2023-05-01 09:00:00Z\n2023-05-02\n", "row 2 has a date without a time of day"),
        ("date,time\n2023-05-01,09:00:00\n", "its date and its time of day are in columns of their own: date, time"),
        ("date,user_id\n2023-05-01,5\n", "its dates have no time of day"),
        (
            "sent_at,datetime\n2023-05-01 09:00:00Z,2023-05-01 10:00:00Z\n",
            "the columns sent_at and datetime could both be the time of a message. Keep the right one",
        ),
        ("sent_at\n05/06/2026 9:00\n06/06/2026 9:00\n", "could be day first or month first"),
        ("sent_at\n13/06/2026 9:00\n06/13/2026 9:00\n", "some of its dates are day first, and others month first"),
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


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.large_string())], ids=str
)
def test_parquet_with_any_type_of_text(tmp_path, kind):
    texts = {"sent_at": ["2023-05-01 09:00:00Z"] * 2, "message_id": ["7", None], "sender": ["5", None]}
    path = tmp_path / "messages.parquet"
    pq.write_table(pa.table({name: pa.array(text, pa.string()).cast(kind) for name, text in texts.items()}), path)
    found = read(path)
    assert found["sent_at"].tolist() == [NINE, NINE]
    assert found["message_id"].tolist() == [7, pd.NA]
    assert found["sender"].tolist() == ["5", None]


def test_parquet_with_unix_times_and_categories(parquet_file):
    for times in ([1682931600] * 2, [1682931600000.0] * 2, [1682931600.25] * 2):
        found = read(parquet_file(timestamp=times, user_id=pd.Categorical(["a", "b"])))
        assert found["sent_at"].dt.floor("s").tolist() == [NINE, NINE]
        assert found["sender"].tolist() == ["a", "b"]


def test_parquet_times_may_be_local_or_text_or_of_another_zone(parquet_file):
    local = NINE.tz_convert("Europe/Moscow")
    for times in ([local], [local.tz_localize(None)], [local.isoformat()], [str(local.tz_localize(None))]):
        assert read(parquet_file(sent_at=times), timezone="Europe/Moscow")["sent_at"].tolist() == [NINE]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"sent_at": [NINE.date()]}, "its dates have no time of day"),
        ({"sent_at": [True]}, "its times are boolean"),
        (
            {"sent_at": [NINE.normalize() + pd.Timedelta(days=n) for n in range(12)]},
            "all its times are midnight: its dates have no time of day",
        ),
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


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())], ids=str)
@pytest.mark.parametrize("column", ["sender", "sent_at"])
def test_a_parquet_file_with_a_text_that_is_none_is_refused(tmp_path, kind, column):
    """In the middle of the others, where nothing that looks at the first rows sees it."""
    texts = {"sent_at": [b"2023-05-01 09:00:00Z"] * 3000, "sender": [b"ann"] * 3000}
    texts[column][2000] = NO_UTF_8
    columns = {name: pa.array(values).view(pa.string()).cast(kind) for name, values in texts.items()}
    pq.write_table(pa.table(columns), tmp_path / "messages.parquet")
    with pytest.raises(RefusedFileError, match="no readable Parquet file"):
        read(tmp_path / "messages.parquet")


def test_row_numbers_go_on_from_one_piece_of_a_file_to_the_next(text_file):
    rows = ["2023-05-01 09:00:00Z"] * 60_000 + ["never"]
    with pytest.raises(RefusedFileError, match="row 60001 has a time that is none"):
        read(text_file("sent_at\n" + "\n".join(rows)))
