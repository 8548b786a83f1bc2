"""Values in a file: arrays and text, no pickle, since it goes from machine to machine.

An .npz of stored entries: `text`, the bytes of a JSON object, and for each type of numbers one flat array with all
numbers of that type, named like it ("f4"). The JSON is {"about": ..., "items": [node, ...]}, and a node is one of

    {"value": null, true, 3, 0.5 or "text"}             {"one": 3.0, "type": "<f4", "shape": []}   one number
    {"array": [place, shape], "type": "<f4"}            {"texts": ["a"], "shape": [1]}
    {"list": [node]}  {"tuple": [node]}                 {"dict": [[node, node]]}
    {"state": name of its class, "of": node}            what an object of the script is brought back from
    {"made": name of a class, "of": node}               an object within another, with its attributes

Arrays of complex numbers have "complex", tensors "tensor": their type in torch. Nothing in it is run, and no more
memory is taken for it than a file of its size can fill: each number has one place.
"""

import contextlib
import json
import math
import os
import re
import struct
import sys
import typing
import zipfile

import numpy as np
import pilot_arrays

MOST_TEXT = 16 * 1024 * 1024
# Characters of an array of text, each as long as the longest.
MOST_CHARACTERS = 16 * 1024 * 1024
# What stands before the numbers of a flat array. NumPy's own reader takes more, and fails of it in more ways.
FLAT = re.compile(
    rb"\{'descr': '(?P<descr>[<|](?P<kind>b1|[iu][1248]|f[248]))', 'fortran_order': False, 'shape': \((?P<count>\d{1,18}),\), \} *\n"
)


class Unreadable(ValueError):
    """The file is not what `save` writes."""


class State(typing.NamedTuple):
    name: str
    state: typing.Any


class Made(typing.NamedTuple):
    name: str
    state: typing.Any


def save(path, about, writer, values):
    """`about`: what is told of it, as JSON has it. The file is there whole or not at all."""
    tree = [writer.node(value) for value in values]
    text = json.dumps({"about": about, "items": tree}).encode()
    if len(text) > MOST_TEXT:
        raise ValueError(
            "%s: what is kept has %d MB of lists and names. Keep numbers in arrays." % (writer.where, len(text) >> 20)
        )
    with pilot_arrays.flat_npz_writer(path + ".part") as add:
        add("text", np.uint8, len(text), [np.frombuffer(text, np.uint8)])
        for kind, arrays in writer.arrays.items():
            add(kind, arrays[0].dtype, sum(array.size for array in arrays), arrays)
    os.replace(path + ".part", path)


def load(path, make):
    """What was told of it, and the values. `make` makes an object of a name and its attributes. Raises Unreadable."""
    with reading(), zipfile.ZipFile(path) as file:
        found, kinds = told(file, os.path.getsize(path))
        reader = _Reader({kind: _flat(file, kind, os.path.getsize(path)) for kind in kinds}, make)
        return found["about"], [reader.value(node) for node in found["items"]]


@contextlib.contextmanager
def reading():
    """What goes wrong within while a file is read is that file's fault: Unreadable."""
    try:
        yield
    except (FileNotFoundError, Unreadable):
        raise
    except (*_DAMAGED, RecursionError) as error:
        raise Unreadable("What the shard kept cannot be read: %s: %s" % (type(error).__name__, error)) from None


def told(file, size):
    """The JSON of an open file, and which types of numbers it has."""
    text = _flat(file, "text", size)
    if text.nbytes > MOST_TEXT:
        raise ValueError("its text is too long")
    found = json.loads(text.tobytes())
    kinds = [info.filename[: -len(".npy")] for info in file.infolist()]
    if len(set(kinds)) < len(kinds):
        raise ValueError("it has two arrays of one type")
    return found, [kind for kind in kinds if kind != "text"]


class Writer:
    """`state_of` gives the State of an object, or raises."""

    def __init__(self, where, state_of):
        self.where = where
        self._state_of = state_of
        self._lengths = {}
        self.arrays = {}

    def node(self, value):
        """A tree that JSON takes; arrays stand in it by their place among those of their type."""
        if isinstance(value, np.generic) and value.dtype.kind in "biuf" and value.dtype.itemsize <= 8:
            return {"one": value.item(), "type": value.dtype.str, "shape": None}
        if value is None or isinstance(value, (bool, int, float, str)):
            return {"value": self.plain(value)}
        if isinstance(value, Made):
            return {"made": value.name, "of": self.node(value.state)}
        if isinstance(value, dict):
            return {"dict": [[self.node(name), self.node(one)] for name, one in value.items()]}
        if isinstance(value, (list, tuple)):
            return {"tuple" if isinstance(value, tuple) else "list": [self.node(one) for one in value]}
        if pilot_arrays.is_tensor(value):
            array = pilot_arrays.as_array("keep", value, self.where)
            return dict(self.array(array), tensor=str(value.dtype).split(".")[-1])
        if isinstance(value, np.ndarray):
            return self.array(value)
        name, state = self._state_of(value)
        return {"state": name, "of": self.node(state)}

    def plain(self, value):
        kinds = (bool, int, float, str)
        return value if value is None else next(kind for kind in kinds if isinstance(value, kind))(value)

    def array(self, array):
        if array.dtype.kind == "U" or array.dtype.kind == "O" and all(isinstance(one, str) for one in array.flat):
            texts = [str(one) for one in array.flat]
            if len(texts) * max(map(len, texts), default=0) > MOST_CHARACTERS:
                raise ValueError("%s: an array of so much text cannot be kept" % self.where)
            return {"texts": texts, "shape": list(array.shape)}
        if array.dtype.kind == "c" and array.dtype.itemsize <= 16:
            plain = np.ascontiguousarray(array).view("f%d" % (array.dtype.itemsize // 2)).reshape(array.shape + (2,))
            return dict(self.array(plain), complex=True)
        if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
            raise TypeError("%s: an array of %s cannot be kept" % (self.where, array.dtype))
        array = np.asarray(array, array.dtype.newbyteorder("<"), order="C")
        if array.size == 1:
            return {"one": array.reshape(-1)[0].item(), "type": array.dtype.str, "shape": list(array.shape)}
        kind = array.dtype.str[1:]
        place = self._lengths.get(kind, 0)
        self._lengths[kind] = place + array.size
        self.arrays.setdefault(kind, []).append(array.reshape(-1))
        return {"array": [place, list(array.shape)], "type": array.dtype.str}


class _Reader:
    def __init__(self, flat, make):
        self._flat = flat
        self._make = make
        self._left = {kind: array.size for kind, array in flat.items()}

    def value(self, node):
        if "value" in node:
            return expected(node["value"], (type(None), bool, int, float, str))
        if "one" in node or "array" in node:
            return self.typed(node)
        if "texts" in node:
            texts = [expected(one, str) for one in node["texts"]]
            if len(texts) * max(map(len, texts), default=0) > MOST_CHARACTERS:
                raise ValueError("it has too much text")
            return np.array(texts, dtype=str).reshape(shape_of(node["shape"]))
        if "dict" in node:
            return {self.value(name): self.value(one) for name, one in node["dict"]}
        if "tuple" in node:
            return tuple(self.value(one) for one in node["tuple"])
        if "list" in node:
            return [self.value(one) for one in node["list"]]
        if "state" in node:
            return State(expected(node["state"], str), self.value(node["of"]))
        return self._make(expected(node["made"], str), self.value(node["of"]))

    def typed(self, node):
        kind = np.dtype(expected(node["type"], str))
        if kind.kind not in "biuf" or kind.itemsize > 8:
            raise ValueError("it has an array of no numbers")
        if "one" in node:
            expected(node["one"], (bool, int, float))
            if node["shape"] is None:
                return kind.type(node["one"])
            shape = shape_of(node["shape"])
            if math.prod(shape) != 1:
                raise ValueError("one number has another shape")
            array = np.array(node["one"], kind).reshape(shape)
        else:
            place, shape = expected(node["array"][0], int), shape_of(node["array"][1])
            name, size = kind.str[1:], math.prod(shape)
            self._left[name] -= size
            if place < 0 or place + size > self._flat[name].size or self._left[name] < 0:
                raise ValueError("an array lies beyond the end, or where another does")
            array = self._flat[name][place : place + size].reshape(shape)
        if node.get("complex"):
            array = array.view("c%d" % (2 * kind.itemsize)).reshape(array.shape[:-1])
        if "tensor" in node:
            torch = sys.modules["torch"]
            wanted = expected(getattr(torch, expected(node["tensor"], str)), torch.dtype)
            return torch.from_numpy(np.asarray(array, kind.newbyteorder("="))).to(wanted)
        return np.array(array, kind.newbyteorder("=") if array.dtype.kind != "c" else None)


# What numpy, zipfile and json raise for a file that is cut short, damaged or made up.
_DAMAGED = (
    zipfile.BadZipFile,
    EOFError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    NotImplementedError,
    OverflowError,
    struct.error,
    OSError,  # a place before the beginning of the file
)


def _flat(file, name, size):
    """The flat array of that name. What it says of its size is compared with the file before it is believed."""
    with opened(file, name, size) as (entry, kind, count):
        flat = np.empty(count, kind)
        rest = memoryview(flat.view(np.uint8)) if flat.size else b""
        while len(rest) > 0:
            count = entry.readinto(rest)
            if count == 0:
                raise EOFError("it is cut short")
            rest = rest[count:]
        entry.read(1)  # at its end the checksum is compared
        return flat


@contextlib.contextmanager
def opened(file, name, size):
    """The entry of a flat array, standing at its first number; the type of these, and how many there are."""
    info = file.getinfo(name + ".npy")
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size or info.file_size > size:
        raise ValueError("it is packed")
    with file.open(info) as entry:
        magic, length = struct.unpack("<8sH", entry.read(10))
        header = FLAT.fullmatch(entry.read(length)) if magic == b"\x93NUMPY\x01\x00" else None
        if header is None or header["kind"].decode() != ("u1" if name == "text" else name):
            raise ValueError("it has an array of another kind")
        kind, count = np.dtype(header["descr"].decode()), int(header["count"])
        if count * kind.itemsize != info.file_size - 10 - length:
            raise ValueError("an array has not as many bytes as it says")
        yield entry, kind, count


def expected(value, kinds):
    if not isinstance(value, kinds):
        raise ValueError("it holds something of another kind")
    return value


def shape_of(numbers):
    if not all(type(one) is int and one >= 0 for one in expected(numbers, list)) or len(numbers) > 32:
        raise ValueError("it has an array of no shape")
    return tuple(numbers)
