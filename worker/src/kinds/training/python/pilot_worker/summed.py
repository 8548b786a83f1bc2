"""Updates of which only the sum is known: what a shard leaves for its worker to mask, and what a merge makes of the sum.

Both are the changes of all numbers with a fraction, as float64 one after the other, by the order of the arrays in the
weights that the round started from. Counters and flags are not among them: they stay as they were.
"""

import numpy as np

from pilot_worker.failures import Failure


def save_change(path, arrays, start):
    """`arrays` have the names, shapes and types of `start`, as pilot.finish looks."""
    arrays = dict(arrays)
    with open(path, "wb") as file:
        for name, old in start.items():
            if old.dtype.kind == "f":
                file.write(np.ascontiguousarray(arrays[name].astype("<f8") - old).tobytes())


class Summed:
    """In place of a mean over updates: the sum over those that came, by the number of all shards, as where each is clipped."""

    def __init__(self, path, start, shards):
        self.values = np.memmap(path, dtype="<f8", mode="r")
        self.shards = shards
        self.places = {}
        place = 0
        for name in start.files:
            old = start[name]
            if old.dtype.kind == "f":
                self.places[name] = place
                place += old.size
        if place != self.values.size:
            raise Failure("bad-update", "The sum of the updates has %d numbers, not %d." % (self.values.size, place))

    def mean(self, name, old, _arrays):
        place = self.places[name]
        return old + self.values[place : place + old.size].reshape(old.shape) / self.shards
