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
"""This share of the jumps, the greatest ones, is left out: a missing stretch of time does not make an export sparse."""
SPARSE_JUMP = 3.0
"""An export is sparse if from one entry to the next its ids rise by more than this on average."""
ACCEPT = "If the rest is not wanted: --accept-partial."


def why_partial(found: FileChat, messages: pd.DataFrame, exporter: str | None) -> str | None:
    """Say why an export must hold only a part of its chat, and what to do; None if nothing shows it.

    The text continues a file's name and a colon. ``messages`` have their ids as written in the file; ``exporter`` is the
    pseudonym of the account's owner, if the file names one.
    """
    if found.partial is not None:
        return found.partial
    kind, ids = found.chat.kind, _ids_if_sparse(found, messages)
    is_own = found.is_of_account and kind in GROUP_KINDS and _is_of_one(messages, exporter)
    if is_own and (kind not in COUNTING_KINDS or is_sparse(ids, fewest=3)):
        return (
            f"it holds only the exporter's own {len(messages)} messages of {found.chat}: by default Telegram Desktop leaves "
            "out those of others. In Settings → Advanced → Export Telegram data tick the kind of the chat (such as Private "
            'groups) and untick "Only my messages"; or open the chat, and choose ⋮ → Export chat history. '
            f"{ACCEPT}"
        )
    if kind in COUNTING_KINDS and is_sparse(ids):
        return (
            f"most messages of {found.chat} are not in it: from one entry to the next its ids go on by "
            f"{mean_jump(ids):.0f} on average, as in an export of a single topic. Open the chat itself, not a topic of it, "
            f"and choose ⋮ → Export chat history, without limits of date. {ACCEPT}"
        )
    return None


def _is_of_one(messages: pd.DataFrame, exporter: str | None) -> bool:
    """Whether there are several messages, all of one sender, who may be the exporter."""
    senders = messages["sender"].dropna().unique()
    return len(messages) > 1 and len(senders) == 1 and exporter in (None, senders[0])


def is_sparse(ids: Ids, fewest: int = FEWEST_ENTRIES) -> bool:
    """Whether most of the ids between the first and the last are missing."""
    return len(ids) >= fewest and mean_jump(ids) > SPARSE_JUMP


def mean_jump(ids: Ids) -> float:
    """By how much ids rise from one entry to the next, on average, without the greatest jumps."""
    jumps = ValueCounts(steps(ids[rows.start : rows.stop + 1]) for rows in in_parts(len(ids) - 1))
    return jumps.mean_of_least(len(jumps) - int(LARGEST_JUMPS * len(jumps)))


def _ids_if_sparse(found: FileChat, messages: pd.DataFrame) -> Ids:
    """The ids that the chat itself gave to its entries, messages or not; ascending. Empty if they cannot be sparse."""
    own, others = (_own(table["message_id"].astype("Int64")) for table in (messages, found.others))
    if _are_dense(own, others):
        return np.zeros(0, dtype="int64")
    rising = own.to_numpy(dtype="int64") if is_rising(own) else np.unique(own.to_numpy(dtype="int64"))
    few = np.unique(others.to_numpy(dtype="int64"))
    few = few[~is_among(few, rising)]
    return np.insert(rising, np.searchsorted(rising, few), few) if len(few) else rising


def _are_dense(own: pd.Series, others: pd.Series) -> bool:
    """Whether ids rise by :data:`SPARSE_JUMP` at most on average, all jumps included; needs no table of the jumps."""
    if not len(own) or not is_rising(own):
        return False
    bounds = [own.iloc[0], own.iloc[-1], *([others.min(), others.max()] if len(others) else [])]
    return bool(max(bounds) - min(bounds) <= SPARSE_JUMP * (len(own) - 1))


def _own(ids: pd.Series) -> pd.Series:
    if not holds_any(ids, lambda some: (some <= 0) | some.isna()):
        return ids
    return ids[(ids > 0).fillna(value=False)]
