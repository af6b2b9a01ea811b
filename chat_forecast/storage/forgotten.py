"""Members who asked to be forgotten: what is stored of their messages names no sender, now and later.

Belongs here: the list of them, which names nobody, and taking their pseudonyms out of messages.
Does not belong here: which files are gone through (:mod:`chat_forecast.app.forgetting`).

A message stays as a moment in time, so that the hours still count it. Its sender becomes unknown. An export that is imported
again, or a day that is read again, would bring the pseudonym back: the list is looked at before messages are stored. It
holds hashes of pseudonyms. Whoever has it can tell whether a pseudonym that he knows is on it, and nothing else.
"""

import hashlib
import json
from collections.abc import Collection

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import codes_of, looked_up, with_column
from chat_forecast.storage.atomic_files import join_url, read_file, write_file
from chat_forecast.storage.schemas import StoredFileError

FILE = "forgotten.json"


def forget(root: str, pseudonym: str) -> None:
    """Put a pseudonym on the list of a root folder; it may be there already."""
    write_file(join_url(root, FILE), json.dumps(sorted({*_list(root), _digest(pseudonym)})).encode())


def has_forgotten(root: str) -> bool:
    """Whether anybody is on the list; raises as :func:`without_forgotten`."""
    return bool(_list(root))


def without_forgotten(root: str, messages: pd.DataFrame) -> pd.DataFrame:
    """Messages of which those by anybody on the list have no sender; the same table where there are none.

    Raises:
        StoredFileError: the list is damaged.
    """
    listed = _list(root)
    if not listed:
        return messages
    known = [sender for sender in _senders(messages) if _digest(str(sender)) in listed]
    if not known:
        return messages
    senders = messages["sender"]
    if not _are_few(senders):
        return messages.assign(sender=senders.mask(senders.isin(known)))
    codes, names = codes_of(senders), senders.cat.categories
    kept = np.append(np.where(names.isin(known), -1, np.arange(len(names))), -1).astype(codes.dtype)
    return with_column(messages, "sender", pd.Categorical.from_codes(looked_up(kept, codes), names, validate=False))


def _senders(messages: pd.DataFrame) -> Collection[object]:
    """Whoever is a sender; where senders are a categorical, also who could be one."""
    senders = messages["sender"]
    return senders.cat.categories if _are_few(senders) else senders.dropna().unique()


def _are_few(senders: pd.Series) -> bool:
    return isinstance(senders.dtype, pd.CategoricalDtype)


def _list(root: str) -> frozenset[str]:
    url = join_url(root, FILE)
    content = read_file(url)
    try:
        return frozenset() if content is None else frozenset(json.loads(content))
    except (ValueError, TypeError, RecursionError) as error:
        raise StoredFileError(
            f"{url}, the list of forgotten members, is damaged ({error}). Restore it from a backup, or delete it and forget "
            "them again: until then nothing is stored that might name them."
        ) from error


def _digest(pseudonym: str) -> str:
    return hashlib.blake2b(pseudonym.encode(), digest_size=16, person=b"forgotten").hexdigest()
