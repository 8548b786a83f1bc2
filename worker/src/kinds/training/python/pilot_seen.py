"""Counts of how often each row of an array was seen, by which an update says what its rows count in the merge."""

import numpy as np
import pilot_arrays

PREFIX = "seen/"
REFUSED = (
    "pilot.finish: seen cannot be used in this job: which rows a shard saw is what --clip, --noise and --secure are to hide, "
    "and --trim leaves out extremes whatever they count."
)


def checked(given, start):
    """{name: counts as float64} of what pilot.finish was given; `start`: name -> (shape, dtype) of the weights."""
    if given is None:
        return {}
    if not hasattr(given, "items"):
        raise TypeError('pilot.finish: seen has to be a dict, such as {"embedding.weight": counts}')
    return {name: _counts(name, counts, start) for name, counts in given.items()}


def _counts(name, counts, start):
    if name not in start:
        raise ValueError('pilot.finish: seen names "%s", which is not among the weights' % name)
    if PREFIX + name in start:
        raise ValueError('pilot.finish: seen cannot be told of "%s": another array is called "%s"' % (name, PREFIX + name))
    shape, dtype = start[name]
    if dtype.kind != "f" or len(shape) == 0:
        raise ValueError('pilot.finish: seen names "%s", which has no rows of numbers with a fraction' % name)
    array = pilot_arrays.as_array(name, counts, "pilot.finish: seen")
    if array.shape != shape[:1]:
        raise ValueError(
            'pilot.finish: seen["%s"] has the shape %s, not %s: one number for each row' % (name, array.shape, shape[:1])
        )
    array = array.astype(np.float64)
    if not np.isfinite(array).all() or (array < 0).any():
        raise ValueError('pilot.finish: seen["%s"] holds numbers that are negative or not finite' % name)
    return array
