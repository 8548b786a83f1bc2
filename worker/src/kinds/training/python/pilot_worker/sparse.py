"""The largest differences of an array alone, by their absolute value, with where they stand.

Of every 2,048 numbers the same count is taken (of fewer at the end of an array as large a share, at least one): so the
size of a file follows from the shapes, positions are whole numbers below 2,048, and no more than some blocks are sorted at
once. Choosing within blocks is what SparseLoCo does (Sarfi et al., arXiv 2508.15706; of 4,096 numbers there, from 1 to 3 % of
them); Aji and Heafield (Sparse Communication for Distributed Gradient Descent, arXiv 1704.05021) send the largest hundredth,
Deep Gradient Compression (Lin et al., arXiv 1712.01887) the largest thousandth. As in the first of these nothing is lost: all
that is not sent is left for the round to follow. SparseLoCo lets a twentieth of that go each time.
"""

import math

import numpy as np

# Numbers of which the same count is taken, and that have one scale.
BLOCK = 2048
# Blocks that are sorted at once: sorting takes some 20 bytes for each number.
AT_ONCE = 128


def taken(size, share):
    """How many of an array's numbers are sent, the same in inspect-sparse.ts. Of each block, and of the rest after the last."""
    return math.ceil(share * BLOCK), math.ceil(share * (size % BLOCK))


def total(size, share):
    of_block, of_rest = taken(size, share)
    return size // BLOCK * of_block + of_rest


def largest(flat, share):
    """Positions of the largest numbers within their blocks, ascending in each, as '<u2'."""
    of_block, of_rest = taken(flat.size, share)
    whole = flat.size // BLOCK * BLOCK
    parts = [
        _largest(flat[at : min(whole, at + AT_ONCE * BLOCK)].reshape(-1, BLOCK), of_block)
        for at in range(0, whole, AT_ONCE * BLOCK)
    ]
    if of_rest > 0:
        parts.append(_largest(flat[whole:].reshape(1, -1), of_rest))
    return np.concatenate(parts) if parts else np.zeros(0, np.uint16)


def _largest(blocks, count):
    found = np.argpartition(np.abs(blocks), blocks.shape[1] - count, axis=1)[:, blocks.shape[1] - count :]
    return np.sort(found, axis=1).astype(np.uint16).reshape(-1)


def places(positions, size, share):
    """Where they stand in the flat array. Raises ValueError for what `largest` does not return."""
    of_block, _of_rest = taken(size, share)
    if positions.dtype != np.uint16 or positions.shape != (total(size, share),):
        raise ValueError("the positions of differences are not as many as they have to be")
    blocks = np.arange(positions.size) // max(1, of_block)
    found = blocks * BLOCK + positions
    if (positions >= BLOCK).any() or (found >= size).any() or (np.diff(found) <= 0).any():
        raise ValueError("the positions of differences do not ascend within their block")
    return found
