"""Reading an archive of millions of messages: a part of its file at a time, into columns that may lie on the disk.

Belongs here: how the table of messages is put together from the parts.
Does not belong here: which archives are read that way (:mod:`.archive`), and how one is written (:mod:`.archive_writing`).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from chat_forecast.domain.arrays import Places, code_type, with_column
from chat_forecast.domain.chunked_tables import concat_chunks
from chat_forecast.domain.messages import MESSAGE_DTYPES, TOPIC_DTYPE
from chat_forecast.large_columns import ROWS_AT_ONCE, by_parts
from chat_forecast.storage.parquet_files import sound
from chat_forecast.storage.schemas import ARCHIVE


class GreatArchive:
    """An archive's open file, to be read once. Senders are numbered as they are met, so that each name is in memory once."""

    def __init__(self, file: pq.ParquetFile, url: str) -> None:
        self._file, self._url = file, url
        self._names = dict[str | None, int]()
        self._has_topics = False

    def read(self, sets: int) -> tuple[pd.DataFrame, Places]:
        """The messages, with senders as a categorical, and the code of each one's import set among ``sets`` many."""
        dtypes = {**MESSAGE_DTYPES, "sender": "int64", "imports": "int64", **TOPIC_DTYPE}
        found = concat_chunks(pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in dtypes.items()}), self._parts())
        places, imports = found["sender"].to_numpy(), found["imports"].to_numpy()
        codes = by_parts(len(places), code_type(len(self._names)), lambda rows: places[rows])
        names = pd.Index(list(self._names), dtype="str")
        messages = with_column(found, "sender", pd.Categorical.from_codes(codes, names, validate=False))
        kept = [*MESSAGE_DTYPES, *(TOPIC_DTYPE if self._has_topics else ())]
        few = np.min_scalar_type(-sets - 1)
        return messages[kept], by_parts(len(imports), few, lambda rows: imports[rows])

    def _parts(self) -> Iterator[pd.DataFrame]:
        """The rows, a part at a time, with numbers instead of senders."""
        for batch in self._file.iter_batches(ROWS_AT_ONCE, use_threads=False):
            rows = ARCHIVE.upgrade(sound(pa.Table.from_batches([batch])), self._url)
            self._has_topics |= rows.column("topic_id").null_count < len(rows)
            columns: dict[str, Any] = {name: rows.column(name).to_pandas() for name in ("message_id", "sent_at")}
            columns["sender"] = self._numbered(rows.column("sender"))
            columns["imports"] = rows.column("imports").fill_null(0).to_numpy()
            columns["topic_id"] = pd.array(rows.column("topic_id").to_numpy(zero_copy_only=False), dtype="Int64")
            yield pd.DataFrame(columns)

    def _numbered(self, senders: pa.ChunkedArray) -> npt.NDArray[np.int64]:
        encoded = pa.chunked_array(senders).combine_chunks().dictionary_encode()
        numbers = [self._names.setdefault(name, len(self._names)) for name in encoded.dictionary.to_pylist()]
        known = np.array([*numbers, -1], dtype="int64")
        return np.asarray(known[encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)])
