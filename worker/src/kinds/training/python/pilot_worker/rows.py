"""Shares of updates in the mean of each row of an array: by how often each shard saw the row, as pilot.finish was told."""

import numpy as np
import pilot_seen

from pilot_worker.failures import Failure


class RowShares:
    """For each update its shares, one for each row, in a shape to multiply the array with. Reads one update's at a time.

    By the largest count of the row first, so that counts of any size have a sum. What no shard saw has no share."""

    def __init__(self, name, old, files):
        self._files = files
        self._name = name
        self._rows = old.shape[:1]
        self._shape = self._rows + (1,) * (old.ndim - 1)
        self._largest = np.zeros(self._rows)
        for file in files:
            self._largest = np.maximum(self._largest, self._counts(file))
        self._total = np.zeros(self._rows)
        for file in files:
            self._total += self._part(file)
        self.nobody = (self._largest == 0).reshape(self._shape)

    def __iter__(self):
        for file in self._files:
            yield (self._part(file) / np.where(self._largest > 0, self._total, 1)).reshape(self._shape)

    def _part(self, file):
        return self._counts(file) / np.where(self._largest > 0, self._largest, 1)

    def _counts(self, file):
        counts = file.counts(self._name)
        if counts.shape != self._rows or counts.dtype.kind != "f" or not np.isfinite(counts).all() or (counts < 0).any():
            raise Failure("bad-update", 'An update has counts of rows of "%s" that are none.' % self._name)
        return counts.astype(np.float64)


def counted(start, files, updates):
    """Names of the arrays whose rows were counted: by all shards or by none."""
    names = {name for file in files for name in file.counted}
    for file, (path, _samples) in zip(files, updates):
        for name in sorted(names - set(file.counted)):
            message = (
                'The update %s does not say how often its shard saw the rows of "%s", and others do. '
                "Give pilot.finish(seen=...) the same names on every shard."
            )
            raise Failure("script-error", message % (path, name))
    if not names <= set(start.files):
        raise Failure("bad-update", "An update has counts of rows of an array that is not there.")
    return names


def refuse(settings, names):
    if names and (settings["clip"] is not None or settings["trim"] > 0):
        raise Failure("script-error", pilot_seen.REFUSED)
