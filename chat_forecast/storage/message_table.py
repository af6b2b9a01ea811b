"""Messages as they are stored, in Arrow: enough to count them and to store them once more.

Belongs here: what is read off a stored table of messages without pandas.
Does not belong here: reading its file (:mod:`.partition_files`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from chat_forecast.domain.message_arrays import MessageArrays
from chat_forecast.domain.messages import MessageBatch, with_message_types
from chat_forecast.domain.read_intervals import ReadIntervals


@dataclass(frozen=True)
class MessageTable:
    """What a :class:`~chat_forecast.domain.messages.MessageBatch` is, as a table in Arrow."""

    table: pa.Table
    read_intervals: ReadIntervals

    @property
    def columns(self) -> Mapping[str, pa.ChunkedArray]:
        """The columns by name."""
        return dict(zip(self.table.column_names, self.table.columns, strict=True))

    @property
    def ids(self) -> npt.NDArray[np.int64]:
        """The ids of the messages, in their order."""
        return np.asarray(self.table.column("message_id").to_numpy())

    def batch(self) -> MessageBatch:
        """The same in pandas."""
        messages = self.table.to_pandas(use_threads=False, ignore_metadata=True)
        return MessageBatch(with_message_types(messages), self.read_intervals)

    def arrays(self) -> MessageArrays:
        """What is counted of them; senders have other numbers than those of ``MessageArrays.of(self.batch())`` may have."""
        senders = self.table.column("sender").combine_chunks().dictionary_encode()
        return MessageArrays(
            self.table.column("sent_at").to_numpy().astype("datetime64[us]", copy=False).view(np.int64),
            senders.indices.fill_null(-1).to_numpy().astype(np.int64),
            len(senders.dictionary),
            self.read_intervals,
        )
