"""Merges what the shards keep with merge="mean" into one file of the same form (pilot_tree.py), which all of them go on
from. Values are merged by their place, over the shards that have one there:

floating-point numbers   the mean weighted by samples; with `trim` without the extremes
integers                 the largest: counts of steps; with `trim` of those without the extremes
booleans                 the majority; of a tie that of the first shard
generators of random numbers within an estimator    that of the first shard
all else                 has to be the same in all shards, as have types, shapes and lengths; what differs is refused

A plain number that is not finite (a best loss before the first) stands back behind those that are. Nothing of the files
is made an object, and memory stays the same however large they are: arrays are read and written in blocks.
"""

import contextlib
import json
import math
import os
import struct
import zipfile

import numpy as np
import pilot_arrays
import pilot_tree

from pilot_worker.failures import Failure
from pilot_worker.merge import mean_of

# Numbers of each file in memory at once.
BLOCK = 1 << 18
# Lists and names of all files together: what is read of them takes some times as much memory.
MOST_TEXT = 64 * 1024 * 1024
SORTS = ("value", "one", "array", "texts", "dict", "tuple", "list", "state", "made")


def merge(files, trim, target, progress):
    """Writes `target` from `files`: (shard, path, samples) in the order of the shards. `progress` is told the share of the
    numbers that is done. Raises pilot_tree.Unreadable, or a Failure that names what differs."""
    with pilot_tree.reading(), contextlib.ExitStack() as opened:
        sources = [_Source(opened, *file) for file in files]
        if sum(source.text for source in sources) > MOST_TEXT:
            raise _failure("the shards keep too many lists and names together. Keep numbers in arrays.")
        merged = _Merge(trim)
        tree = merged.node([(source, {"list": source.items}) for source in sources], [])["list"]
        text = np.frombuffer(json.dumps({"about": None, "items": tree}).encode(), np.uint8)
        done, numbers = 0, sum(merged.lengths.values())
        with pilot_arrays.flat_npz_writer(target) as add:
            add("text", np.uint8, text.size, [text])
            for kind, arrays in merged.arrays.items():

                def told(blocks):
                    nonlocal done
                    for block in blocks:
                        yield block
                        done += block.size
                        progress(done / numbers)

                dtype = next(source.kinds[kind][0] for source in sources if kind in source.kinds)
                add(kind, dtype, merged.lengths[kind], told(merged.blocks(arrays, dtype)))


class _Source:
    """One shard's file."""

    def __init__(self, opened, shard, path, samples):
        self.shard, self.samples = shard, samples
        size = os.path.getsize(path)
        self._file = opened.enter_context(open(path, "rb", buffering=0))
        with zipfile.ZipFile(path) as file:
            found, kinds = pilot_tree.told(file, size)
            self.text = file.getinfo("text.npy").file_size
            self.items = pilot_tree.expected(found["items"], list)
            self.kinds = {}  # of each type of numbers: how many, and where they begin
            for kind in kinds:
                info = file.getinfo(kind + ".npy")
                with pilot_tree.opened(file, kind, size) as (_entry, dtype, count):
                    begin = self._begin(info) + info.file_size - count * dtype.itemsize
                    self.kinds[kind] = (dtype, count, begin)
        self._left = {kind: count for kind, (_dtype, count, _begin) in self.kinds.items()}

    def _begin(self, info):
        head = os.pread(self._file.fileno(), 30, info.header_offset)
        return info.header_offset + 30 + sum(struct.unpack("<26xHH", head))

    def claim(self, kind, place, size):
        """Each number has one place: what a file of this size cannot fill is never written."""
        self._left[kind] -= size
        if place < 0 or place + size > self.kinds[kind][1] or self._left[kind] < 0:
            raise ValueError("an array lies beyond the end, or where another does")

    def read(self, kind, place, size):
        dtype, _count, begin = self.kinds[kind]
        data = os.pread(self._file.fileno(), size * dtype.itemsize, begin + place * dtype.itemsize)
        if len(data) < size * dtype.itemsize:
            raise EOFError("it is cut short")
        return np.frombuffer(data, dtype)


class _Merge:
    def __init__(self, trim):
        self._trim = trim
        self.lengths = {}
        self.arrays = {}  # kind -> [([(source, place)], size)], in the order in which they are written

    def node(self, found, where):
        """The merged node of [(source, its node there)]."""
        found = [one for one in found if one[1].get("value", 0) is not None] or found[:1]
        sort = self.same(found, where, _sort, "is of another type")
        nodes = [node for _source, node in found]
        if sort == "value":
            return {"value": self.plain(found, [node["value"] for node in nodes], where)}
        if sort == "one":
            self.same(found, where, _typed, "has another type or shape")
            kind = np.dtype(pilot_tree.expected(nodes[0]["type"], str)).kind
            values = [pilot_tree.expected(node["one"], (bool, int, float)) for node in nodes]
            return dict(nodes[0], one=self.plain(found, [_as(kind, value) for value in values], where))
        if sort == "array":
            self.same(found, where, _typed, "has another type or shape")
            return self.array(found)
        if sort == "texts":
            self.same(found, where, lambda node: node, "is another one")
            return nodes[0]
        if sort == "dict":
            return {"dict": self.dict(found, where)}
        if sort in ("tuple", "list"):
            length = self.same(found, where, lambda node: len(node[sort]), "has another length")
            return {sort: [self.node([(s, node[sort][at]) for s, node in found], [*where, at]) for at in range(length)]}
        name = self.same(found, where, lambda node: pilot_tree.expected(node[sort], str), "is of another class")
        if name == "RandomState":
            found = found[:1]
        return {sort: name, "of": self.node([(source, node["of"]) for source, node in found], where)}

    def same(self, found, where, of, how):
        """What `of` says of every node; a Failure where they differ."""
        values = [of(node) for _source, node in found]
        for (source, _node), value in zip(found, values):
            if value != values[0]:
                shards = source.shard + 1, found[0][0].shard + 1
                told = "%s %s in shard %d than in shard %d, so it has no mean." % (_place(where), how, *shards)
                raise _failure(told + " Keep it in another pilot.keep(…), without merge.")
        return values[0]

    def dict(self, found, where):
        """Of names that some shards lack, those that have them."""
        by_name = {}
        for source, node in found:
            for name, one in node["dict"]:
                by_name.setdefault(json.dumps(name), []).append((source, one))
        return [[json.loads(name), self.node(ones, [*where, _word(name)])] for name, ones in by_name.items()]

    def plain(self, found, values, where):
        if all(type(value) is type(values[0]) and value == values[0] for value in values):
            return values[0]
        if all(isinstance(value, bool) for value in values):
            return 2 * sum(values) > len(values) or 2 * sum(values) == len(values) and values[0]
        if not all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
            return self.same(found, where, lambda node: node, "is another one")
        if all(isinstance(value, int) for value in values):
            return sorted(values)[len(values) - 1 - self.trimmed(values)]
        finite = [(source, value) for (source, _node), value in zip(found, values) if math.isfinite(value)]
        if not finite:
            return values[0]
        numbers = [np.asarray(float(value)) for _source, value in finite]
        return float(mean_of((), numbers, _shares([source for source, _value in finite]), self.trimmed(numbers)))

    def array(self, found):
        first = found[0][1]
        shape = pilot_tree.shape_of(first["array"][1])
        kind, size = np.dtype(pilot_tree.expected(first["type"], str)).str[1:], math.prod(shape)
        places = [(source, pilot_tree.expected(node["array"][0], int)) for source, node in found]
        for source, place in places:
            source.claim(kind, place, size)
        at = self.lengths.get(kind, 0)
        self.lengths[kind] = at + size
        self.arrays.setdefault(kind, []).append((places, size))
        return dict(first, array=[at, list(shape)])

    def blocks(self, arrays, dtype):
        """The merged numbers of all arrays of one type."""
        kind = dtype.str[1:]
        for places, size in arrays:
            shares = _shares([source for source, _place in places])
            for start in range(0, size, BLOCK):
                count = min(BLOCK, size - start)
                read = [source.read(kind, place + start, count) for source, place in places]
                yield self.numbers(read, shares).astype(dtype)

    def numbers(self, arrays, shares):
        kind, trimmed = arrays[0].dtype.kind, self.trimmed(arrays)
        if kind == "f":
            return mean_of(arrays[0].shape, arrays, shares, trimmed)
        if kind == "b":
            votes = 2 * np.sum(arrays, axis=0, dtype=np.int64)
            return np.where(votes == len(arrays), arrays[0], votes > len(arrays))
        if trimmed == 0:
            return np.maximum.reduce(arrays)
        return np.sort(np.stack(arrays), axis=0)[len(arrays) - 1 - trimmed]

    def trimmed(self, values):
        return math.floor(self._trim * len(values) + 1e-9)


def _shares(sources):
    samples = np.array([source.samples for source in sources], float)
    return samples / samples.sum()


def _sort(node):
    found = [sort for sort in SORTS if sort in node]
    return found[0]


def _typed(node):
    shape = node["array"][1] if "array" in node else node["shape"]
    return [node["type"], shape, node.get("tensor"), node.get("complex")]


def _as(kind, value):
    return float(value) if kind == "f" else bool(value) if kind == "b" else int(value)


def _word(name):
    """What stands in place of the name of an entry, in a sentence."""
    return json.loads(name).get("value", "?")


def _place(where):
    thing = "thing %d" % (where[0] + 1) if where else "what is kept"
    return "%s%s" % (thing, "".join("[%s]" % json.dumps(part) for part in where[1:]))


def _failure(what):
    return Failure("script-error", 'pilot.keep(…, merge="mean"): %s' % what[:800])
