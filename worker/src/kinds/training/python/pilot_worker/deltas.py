"""An update as the differences to the weights that its round started from, in fewer bits.

bf16    each difference as a bfloat16, rounded to the nearest: half the bytes
int8    each as a whole number from -127 to 127, times a float32 for every 2,048 numbers (the largest of these by its
        absolute value, over 127; blocks as in Dettmers et al., 8-bit Optimizers via Block-wise Quantization,
        arXiv 2110.02861): a quarter of the bytes

With a share, such as 0.1, only the largest of them are sent (sparse.py); the others count as nothing changed.

What is left out is not lost: the shard adds it to the difference of its next round (error feedback: Seide et al., 1-Bit
Stochastic Gradient Descent, Interspeech 2014; Karimireddy et al., Error Feedback Fixes SignSGD, arXiv 1901.09847). It is kept
with what the shard keeps: what rounding left as int8 too, which is exact to a 256th of a step; where only the largest were
sent, in 4 bits (remainder.py).

In the .npz the array "w" stands as "bf16/w" ('<u2', in its shape), or as "int8/w" ('|i1') and "scale/w" ('<f4', flat); of
the largest alone these are flat, and "at/w" ('<u2') beside them has their positions within their blocks;
arrays that are not stepped (integers, booleans, running statistics) stand as they are, as "full/w". Counts of rows are "seen/w", as in
an update that is not compressed.
"""

import math
import re

import numpy as np
import pilot_arrays
import pilot_seen

from pilot_worker import remainder, sparse
from pilot_worker.sparse import BLOCK

# Running statistics by the names that torch, Keras and Flax give them.
STATISTICS = re.compile(r"(running|moving)_(mean|var|variance)$|num_batches_tracked$|(^|\W)batch_stats\W")


def is_stepped(name, array):
    return array.dtype.kind == "f" and not STATISTICS.search(name)


def save(path, how, arrays, start, left, counts=(), share=None):
    """Writes the update. `left`: what the round before left out, as this returns it: {"int8/w": ..., "scale/w": ...}.
    `share`: of the largest differences, which are sent alone; None for all."""
    leaves = {}
    with pilot_arrays.npz_writer(path) as add:
        for name, array in arrays:
            if not is_stepped(name, array):
                add("full/" + name, array)
                continue
            delta = np.asarray(array.astype(np.float32) - start[name].astype(np.float32))
            delta = np.asarray(delta + left_before(left, name, delta.shape))
            coded = encoded(how, name, delta, share)
            for part, values in coded.items():
                add(part, values)
            rest = np.asarray(delta - decoded(coded, name, delta.shape, share))
            leaves.update(rest_of(name, rest, share))
        for name, array in counts:
            add(name, array)
    return leaves


def rest_of(name, rest, share):
    return as_int8(name, rest) if share is None else remainder.as_int4(name, rest)


def left_before(left, name, shape):
    if "int4/" + name in left:
        return remainder.decoded(left, name, math.prod(shape)).reshape(shape)
    return decoded(left, name, shape) if "int8/" + name in left else np.float32(0)


def encoded(how, name, delta, share=None):
    if share is None:
        return as_bf16(name, delta) if how == "bf16" else as_int8(name, delta)
    flat = delta.reshape(-1)
    at = sparse.largest(flat, share)
    sent = flat[sparse.places(at, flat.size, share)]
    coded = as_bf16(name, sent) if how == "bf16" else as_int8(name, sent, sparse.taken(flat.size, share)[0])
    return {"at/" + name: at, **coded}


def as_bf16(name, delta):
    bits = delta.reshape(-1).view(np.uint32)
    # To the nearest, of two equally near ones the even.
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return {"bf16/" + name: rounded.astype(np.uint16).reshape(delta.shape)}


def as_int8(name, delta, block=BLOCK):
    flat = delta.reshape(-1)
    blocks = np.zeros((-(-flat.size // block), block), np.float32)
    blocks.reshape(-1)[: flat.size] = flat
    scale = np.abs(blocks).max(axis=1, initial=0) / np.float32(127)
    numbers = np.rint(blocks / np.where(scale > 0, scale, 1)[:, None]).astype(np.int8)
    return {"int8/" + name: numbers.reshape(-1)[: flat.size].reshape(delta.shape), "scale/" + name: scale}


def decoded(file, name, shape, share=None):
    """The difference as float32; raises KeyError or ValueError for what is no such thing."""
    if share is None:
        return numbers_of(file, name, shape, BLOCK)
    size = math.prod(shape)
    places = sparse.places(file["at/" + name], size, share)
    delta = np.zeros(size, np.float32)
    delta[places] = numbers_of(file, name, places.shape, sparse.taken(size, share)[0])
    return delta.reshape(shape)


def numbers_of(file, name, shape, block):
    """`block`: how many of them have one scale."""
    if "bf16/" + name in file:
        bits = typed(file["bf16/" + name], np.uint16, shape)
        return (bits.reshape(-1).astype(np.uint32) << 16).view(np.float32).reshape(shape)
    numbers = typed(file["int8/" + name], np.int8, shape)
    scale = typed(file["scale/" + name], np.float32, (-(-numbers.size // block),))
    return (numbers.reshape(-1) * np.repeat(scale, block)[: numbers.size]).reshape(shape)


def typed(array, kind, shape):
    if array.dtype != kind or array.shape != tuple(shape):
        raise ValueError("a difference has another type or shape than its weights")
    return array


class Update:
    """Reads an update as the weights that it stands for, whichever way it was written."""

    def __init__(self, file, how, start, share=None):
        """`start`: names of the weights; by itself "seen/w" may be one of them. `share`: as in save."""
        self._file = file
        self._how = how
        self._share = share
        kinds = ("full/", "bf16/", "int8/")
        counts = [one for one in file.files if one.startswith(pilot_seen.PREFIX) and (how != "none" or one not in start)]
        self.counted = [one[len(pilot_seen.PREFIX) :] for one in counts]
        plain = (one for one in file.files if one not in counts)
        self.files = list(plain) if how == "none" else [one[5:] for one in plain if one.startswith(kinds)]

    def counts(self, name):
        return self._file[pilot_seen.PREFIX + name]

    def read(self, name, old):
        if self._how == "none":
            return self._file[name]
        if "full/" + name in self._file:
            return self._file["full/" + name]
        return old.astype(np.promote_types(old.dtype, np.float32)) + decoded(self._file, name, old.shape, self._share)
