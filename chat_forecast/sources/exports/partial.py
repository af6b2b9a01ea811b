"""Exports that hold only a part of their chat.

Belongs here: recognising by senders and ids that messages of others, or of other topics, are left out.
Does not belong here: stretches of time that are left out (:mod:`chat_forecast.domain.unread_silences`).
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import holds_any, is_among, is_rising, steps
from chat_forecast.domain.id_spaces import COUNTING_KINDS, GROUP_KINDS
from chat_forecast.domain.value_counts import ValueCounts
from chat_forecast.large_columns import in_parts
from chat_forecast.sources.exports.base import FileChat

Ids = npt.NDArray[np.int64]
FEWEST_ENTRIES = 10
"""Of fewer entries the ids prove nothing."""
LARGEST_JUMPS = 0.05
"""That share of the greatest jumps is left out: a stretch of time that the export lacks is no thinness."""
THIN = 3.0
"""From one entry to the next, ids go on by more than that on average: most entries of the chat are not there."""
ACCEPT = "If the rest is not wanted: --accept-partial."


def why_partial(found: FileChat, messages: pd.DataFrame, exporter: str | None) -> str | None:
    """Why an export must hold only a part of its chat, with what to do, as the continuation of a file's name; else None.

    ``messages`` are those of the file with their ids as written; ``exporter`` is the pseudonym of the account's owner, if
    the file says whose it is.
    """
    if found.partial is not None:
        return found.partial
    kind, ids = found.chat.kind, _ids_if_thin(found, messages)
    is_own = found.is_of_account and kind in GROUP_KINDS and _is_of_one(messages, exporter)
    if is_own and (kind not in COUNTING_KINDS or is_thin(ids, fewest=3)):
        return (
            f"it holds only the exporter's own {len(messages)} messages of {found.chat}: by default Telegram Desktop leaves "
            "out those of others. In Settings → Advanced → Export Telegram data tick the kind of the chat (such as Private "
            'groups) and untick "Only my messages"; or open the chat, and choose ⋮ → Export chat history. '
            f"{ACCEPT}"
        )
    if kind in COUNTING_KINDS and is_thin(ids):
        return (
            f"most messages of {found.chat} are not in it: from one entry to the next its ids go on by "
            f"{mean_jump(ids):.0f} on average, as in an export of a single topic. Open the chat itself, not a topic of it, "
            f"and choose ⋮ → Export chat history, without limits of date. {ACCEPT}"
        )
    return None


def _is_of_one(messages: pd.DataFrame, exporter: str | None) -> bool:
    """Whether all messages, several, are of one sender, who may be the exporter."""
    senders = messages["sender"].dropna().unique()
    return len(messages) > 1 and len(senders) == 1 and exporter in (None, senders[0])


def is_thin(ids: Ids, fewest: int = FEWEST_ENTRIES) -> bool:
    """Whether most of the ids between the first and the last are not there."""
    return len(ids) >= fewest and mean_jump(ids) > THIN


def mean_jump(ids: Ids) -> float:
    """By how much ids go on from one entry to the next, on average, without the greatest jumps."""
    jumps = ValueCounts(steps(ids[rows.start : rows.stop + 1]) for rows in in_parts(len(ids) - 1))
    return jumps.mean_of_least(len(jumps) - int(LARGEST_JUMPS * len(jumps)))


def _ids_if_thin(found: FileChat, messages: pd.DataFrame) -> Ids:
    """The ids that the chat itself gave to its entries, messages or not; ascending. None where they cannot be thin."""
    own, others = (_own(table["message_id"].astype("Int64")) for table in (messages, found.others))
    if _are_dense(own, others):
        return np.zeros(0, dtype="int64")
    rising = own.to_numpy(dtype="int64") if is_rising(own) else np.unique(own.to_numpy(dtype="int64"))
    few = np.unique(others.to_numpy(dtype="int64"))
    few = few[~is_among(few, rising)]
    return np.insert(rising, np.searchsorted(rising, few), few) if len(few) else rising


def _are_dense(own: pd.Series, others: pd.Series) -> bool:
    """Whether ids go on by ``THIN`` at most, the greatest jumps included; for millions of ids without a table of them."""
    if not len(own) or not is_rising(own):
        return False
    bounds = [own.iloc[0], own.iloc[-1], *([others.min(), others.max()] if len(others) else [])]
    return bool(max(bounds) - min(bounds) <= THIN * (len(own) - 1))


def _own(ids: pd.Series) -> pd.Series:
    if not holds_any(ids, lambda some: (some <= 0) | some.isna()):
        return ids
    return ids[(ids > 0).fillna(value=False)]
