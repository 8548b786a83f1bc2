"""Merges the updates of a round into the next weights. Reads one array of all updates at a time.

average   the mean of the updates, weighted by their samples
outer     DiLoCo's outer step with Nesterov momentum (Douillard et al., arXiv 2311.08105, Algorithm 1, in
          the form of torch.optim.SGD(nesterov=True)): with delta = base - mean,
          m = momentum * m + delta;  new = base - lr * (delta + momentum * m)
seen      by how often each shard saw the rows of an array (pilot.finish), these are weighted in place of samples; a row
          that nobody saw is at its mean where the round started
trim      in place of the mean, per weight: the mean without the floor(trim * updates) largest and smallest

clip      DP-FedAvg (McMahan et al., arXiv 1710.06963, Algorithm 1, flat clipping and the estimator with a fixed
          denominator): each update's change over all numbers with a fraction is scaled down to the norm `clip`, all
          count alike, and the mean over all shards, missing ones too, gets noise of the standard deviation
          noise * clip / shards, drawn from the system's randomness. Counters and flags stay as they were

Counters (integer arrays) are averaged by their changes and rounded, flags decided by the majority, running statistics
such as those of BatchNorm pooled: the means averaged, the variances averaged plus the variance of the means, which is
the variance of all rows together (Chan, Golub and LeVeque, 1979). None of them is stepped or has momentum: a step
beyond the mean would make variances negative.
"""

import contextlib
import math
import re

import numpy as np
import pilot_arrays

from pilot_worker import deltas, rows
from pilot_worker.failures import Failure
from pilot_worker.summed import Summed

# Weights sorted at once: sorting needs several copies of what it sorts.
BLOCK = 1 << 18
VARIANCE = re.compile(r"(.*(?:running_|moving_|(?:^|\W)batch_stats\W(?:.*\W)?))(?:var|variance)")


def merge(settings, base, updates, target, momentum, new_momentum, progress, summed=None):
    """Writes `target`, and `new_momentum` in mode outer. `updates` are (path, samples); where there are none,
    `summed` is the path of their sum. `progress` is told
    the share of the arrays that is done. Returns how many numbers it merged."""
    total = float(sum(samples for _path, samples in updates))
    shares = np.array([samples / total for _path, samples in updates])
    trimmed = math.floor(settings["trim"] * len(updates) + 1e-9)
    outer = settings["merge"] == "outer"
    parameters = 0
    with contextlib.ExitStack() as open_files:
        opened = [open_files.enter_context(np.load(path, allow_pickle=False)) for path, _samples in updates]
        start = open_files.enter_context(np.load(base, allow_pickle=False))
        files = [deltas.Update(file, settings["compress"], start.files, settings["sparsify"]) for file in opened]
        before = open_files.enter_context(np.load(momentum, allow_pickle=False)) if momentum else {}
        add = open_files.enter_context(pilot_arrays.npz_writer(target))
        add_momentum = open_files.enter_context(pilot_arrays.npz_writer(new_momentum)) if outer else None
        check_names(start, files, updates)
        counted = rows.counted(start, files, updates)
        rows.refuse(settings, counted)
        private = private_mean(settings, start, files, summed)
        for index, name in enumerate(start.files):
            progress(index / len(start.files))
            old = start[name]
            arrays = (checked(name, file.read(name, old), old) for file in files)
            parameters += old.size
            if private is not None and old.dtype.kind != "f":
                add(name, old)
                continue
            if old.dtype.kind in "iu":
                add(name, mean_of_counters(old, arrays, shares, trimmed))
                continue
            weights = rows.RowShares(name, old, files) if name in counted else shares
            mean = mean_of(old.shape, arrays, weights, trimmed) if private is None else private.mean(name, old, arrays)
            if private is not None and VARIANCE.fullmatch(name):
                mean = np.maximum(mean, 0)
            beside = mean_beside(name)
            if private is None and beside in start.files and start[beside].shape == old.shape:
                means = [checked(beside, file.read(beside, start[beside]), start[beside]).astype(float) for file in files]
                center = mean_of(old.shape, means, weights, trimmed)
                mean += mean_of(old.shape, [np.square(one - center) for one in means], weights, trimmed)
            if name in counted:
                mean = np.where(weights.nobody, old, mean)
            if outer and deltas.is_stepped(name, old):
                delta = old.astype(np.float64) - mean
                m = settings["outerMomentum"] * np.asarray(before[name] if momentum else 0.0, float) + delta
                mean = old - settings["outerLr"] * (delta + settings["outerMomentum"] * m)
                # In float16 the small changes of late rounds would become zeros.
                add_momentum(name, finite(name, m.astype(np.promote_types(old.dtype, np.float32))))
            add(name, finite(name, in_type_of(old, mean)))
    return parameters


def clipping(start, files, clip):
    """For each update the factor that brings its change to the norm `clip` at most."""
    squares = np.zeros(len(files))
    for name in start.files:
        old = start[name]
        if old.dtype.kind == "f":
            for index, file in enumerate(files):
                change = checked(name, file.read(name, old), old).astype(np.float64) - old
                squares[index] += float(np.vdot(change, change))
    return np.minimum(1.0, clip / np.maximum(np.sqrt(squares), np.finfo(float).tiny))


def private_mean(settings, start, files, summed):
    """What bounds or hides each update, if anything does."""
    if summed is not None:
        return Summed(summed, start, settings["of"])
    return None if settings["clip"] is None else Private(settings, start, files)


class Private:
    """How updates are merged where they are clipped."""

    def __init__(self, settings, start, files):
        self.factors = clipping(start, files, settings["clip"])
        self.shards = settings["of"]
        self.deviation = settings["noise"] * settings["clip"] / settings["of"]
        # Not the seed of the training: who knows the noise can take it off again.
        self.random = np.random.default_rng()

    def mean(self, name, old, arrays):
        change = np.zeros(old.shape)
        for array, factor in zip(arrays, self.factors):
            change += (array.astype(np.float64) - old) * (factor / self.shards)
        if self.deviation > 0:
            change += self.random.normal(scale=self.deviation, size=old.shape)
        return old + change


def mean_beside(name):
    """The name of the running mean that belongs to a running variance."""
    found = VARIANCE.fullmatch(name)
    return found and found[1] + "mean"


def mean_of(shape, arrays, shares, trimmed):
    if trimmed > 0:
        return trimmed_mean(list(arrays), shares, trimmed)
    mean = np.zeros(shape)
    for array, share in zip(arrays, shares):
        # By itself numpy 1 would multiply float16 in float16.
        mean += np.multiply(array, share, dtype=np.float64)
    return mean


def mean_of_counters(old, arrays, shares, trimmed):
    """By their changes: as float64 itself a large integer would lose its last digits."""
    start = old.astype(np.int64)
    changes = (array.astype(np.int64) - start for array in arrays)
    change = mean_of(old.shape, changes, shares, trimmed)
    return np.asarray(start + np.rint(change).astype(np.int64)).astype(old.dtype)


def trimmed_mean(arrays, shares, trimmed):
    """Per coordinate; those that are left keep their weights among each other."""
    flat = [np.asarray(array).reshape(-1) for array in arrays]
    mean = np.empty(flat[0].size)
    for start in range(0, mean.size, BLOCK):
        block = np.stack([array[start : start + BLOCK] for array in flat]).astype(np.float64)
        order = np.argsort(block, axis=0, kind="stable")[trimmed : len(flat) - trimmed]
        weight = shares[order]
        kept = np.take_along_axis(block, order, axis=0)
        mean[start : start + BLOCK] = (kept * weight).sum(axis=0) / weight.sum(axis=0)
    return mean.reshape(arrays[0].shape)


def in_type_of(old, mean):
    if old.dtype.kind == "b":
        # A tie changes nothing.
        return np.where(np.isclose(mean, 0.5), old, mean > 0.5)
    return np.asarray(mean).astype(old.dtype)


def finite(name, array):
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        advice = "A smaller learning rate, of the merge or of the script, may help."
        raise Failure("script-error", 'The merged weights have numbers in "%s" that are not finite. %s' % (name, advice))
    return array


def check_names(start, files, updates):
    for file, (path, _samples) in zip(files, updates):
        if sorted(file.files) != sorted(start.files):
            raise Failure("bad-update", "The update %s does not have the arrays that the round started with." % path)


def checked(name, array, old):
    # With a difference added, halves are singles.
    if array.shape != old.shape or array.dtype not in (old.dtype, np.promote_types(old.dtype, np.float32)):
        raise Failure("bad-update", 'An update has "%s" in another shape or type than the round started with.' % name)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise Failure("bad-update", 'An update has numbers in "%s" that are not finite.' % name)
    return array
