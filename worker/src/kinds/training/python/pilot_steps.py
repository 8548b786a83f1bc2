"""The rows of every step of a training, by the number of the step: the same wherever it is made, and however a training
is cut into rounds."""

import numpy as np


def cuts(count, size):
    """Where the steps of an epoch begin, and their end; a single row that would be left over joins the step before."""
    starts = list(range(0, count, size))
    if size > 1 and len(starts) > 1 and count - starts[-1] == 1:
        starts.pop()
    return starts + [count]


class Sampler:
    """What a script loops over, or gives to a DataLoader of torch as its batch_sampler: begun anew by each loop, and of a
    length that is known before."""

    def __init__(self, begin, length):
        self._begin = begin
        self._length = length

    def __iter__(self):
        return self._begin()

    def __len__(self):
        return self._length()


class Steps:
    """Steps of `size` of `count` rows, each epoch in an order of its own."""

    def __init__(self, count, size, seeds):
        if count < 1:
            raise ValueError("pilot.steps: there are no rows to make a step of")
        self._cuts = cuts(count, size)
        self._count = count
        self._seeds = seeds
        self._epoch = None
        self._order = None
        self.of_epoch = len(self._cuts) - 1

    def at(self, step):
        """The epoch of a step, its place in that, and its rows."""
        epoch, place = divmod(step, self.of_epoch)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, np.random.default_rng([*self._seeds, epoch]).permutation(self._count)
        return epoch, place, self._order[self._cuts[place] : self._cuts[place + 1]]
