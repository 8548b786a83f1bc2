"""What is left of a difference for the round to follow, where only the largest were sent: 4 bits for each number.

Each is a whole number from -7 to 7, times a float32 for every 2,048 numbers, rounded up or down by chance so that its mean
is right (stochastic rounding: Gupta et al., Deep Learning with Limited Numerical Precision, arXiv 1502.02551): to the nearest,
what is smaller than half a step would be lost in every round, and never add up to something that is sent. Two stand in a byte,
"int4/w" ('|u1', flat), the first in its lower half; their scales in "scale/w".
"""

import zlib

import numpy as np

from pilot_worker.sparse import AT_ONCE, BLOCK

LARGEST = 7


def as_int4(name, rest):
    """Equal arrays make equal bytes: chance is drawn from what is rounded."""
    flat = rest.reshape(-1)
    chance = np.random.default_rng(zlib.crc32(flat))
    scales = np.zeros(-(-flat.size // BLOCK), np.float32)
    packed = np.zeros(-(-flat.size // 2), np.uint8)
    for at in range(0, flat.size, AT_ONCE * BLOCK):
        part = flat[at : at + AT_ONCE * BLOCK]
        blocks = np.zeros((-(-part.size // BLOCK), BLOCK), np.float32)
        blocks.reshape(-1)[: part.size] = part
        scale = np.abs(blocks).max(axis=1) / np.float32(LARGEST)
        scales[at // BLOCK :][: scale.size] = scale
        steps = blocks / np.where(scale > 0, scale, 1)[:, None]
        steps = np.clip(np.floor(steps + chance.random(steps.shape, np.float32)), -LARGEST, LARGEST)
        halves = (steps + 8).astype(np.uint8).reshape(-1, 2)
        bytes_ = halves[:, 0] | (halves[:, 1] << 4)
        packed[at // 2 :][: bytes_.size] = bytes_[: packed.size - at // 2]
    return {"int4/" + name: packed, "scale/" + name: scales}


def decoded(left, name, size):
    """The flat rest as float32."""
    packed, scales = left["int4/" + name], left["scale/" + name]
    if packed.shape != (-(-size // 2),) or scales.shape != (-(-size // BLOCK),):
        raise ValueError("what was left of a difference has another size than its weights")
    steps = np.empty((packed.size, 2), np.float32)
    steps[:, 0] = packed & 15
    steps[:, 1] = packed >> 4
    return (steps.reshape(-1)[:size] - 8) * np.repeat(scales, BLOCK)[:size]
