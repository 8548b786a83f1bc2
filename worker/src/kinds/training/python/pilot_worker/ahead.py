"""Steps that a shard makes while its update is on its way to the farm (`overlap`; Streaming DiLoCo, Douillard et al., arXiv
2501.18512).

So many steps before the end of its round a shard hands in its update and what is merged of its state, and goes on. What
it has come to by the end and has not handed in (the steps since, and what compression left out) stays its own: it lies in
the shard's kept file, and the shard's next round starts from the merged weights and that. The next update, a difference to
the merged weights, has it in it, so each step counts once.

It is kept as int8, as what compression leaves out is; see deltas. Integers, booleans and running statistics have no such
rest: what was handed in of them is what counts.
"""

import os

import numpy as np

from pilot_worker import deltas

# What is handed in.
FILES = ("update.npz", "shared.npz")

NO_WEIGHTS = (
    "This job sends updates while the last steps of a round are made (--overlap), and the script does not say what its weights "
    "are by then. Name them in its loop, as they are given to pilot.finish: pilot.steps(1, weights=model.state_dict)"
)

NO_COUNTS = (
    "pilot.finish: seen counts the rows of a whole round, and with --overlap the update is handed in before its end. Leave one "
    "of the two out."
)


def weights_of(given, models):
    """What gives the weights in the middle of a round: what the script names, or the one model of pilot.model."""
    if given is None and len(models) == 1:
        return models[0].state_dict
    if given is None:
        raise RuntimeError(NO_WEIGHTS)
    if not callable(given):
        raise TypeError("pilot.steps: weights is asked again and again: give a function, as in weights=model.state_dict")
    return given


def gone_on(start, unsent):
    """The merged weights and what the shard has made beyond them."""

    def one(name, array):
        if "int8/" + name not in unsent:
            return array
        wide = np.promote_types(array.dtype, np.float32)
        return np.asarray(array.astype(wide) + deltas.decoded(unsent, name, array.shape), array.dtype)

    return {name: one(name, array) for name, array in start.items()}


def unsent(path, how, arrays, start):
    """What `arrays` are beyond the update at `path`."""
    rest = {}
    with np.load(path, allow_pickle=False) as file:
        update = deltas.Update(file, how, list(start))
        for name, array in arrays:
            if deltas.is_stepped(name, array):
                wide = np.promote_types(array.dtype, np.float32)
                sent = update.read(name, start[name]).astype(wide)
                rest.update(deltas.as_int8(name, np.asarray(array.astype(wide) - sent, np.float32)))
    return rest


def files(work):
    """What was handed in, for a checkpoint: whoever goes on from it hands in the same."""
    paths = ((name, os.path.join(work, name)) for name in FILES)
    return {name: np.memmap(path, np.uint8, "r") for name, path in paths if os.path.exists(path)}


def put_back(work, saved):
    for name in FILES:
        if name in saved:
            saved[name].tofile(os.path.join(work, name))
