"""What a script goes on from, in a file: arrays and text, no pickle, since it goes from machine to machine.

An .npz of stored entries: `text`, the bytes of a JSON object, and for each type of numbers one flat array with all
numbers of that type, named like it ("f4"). The JSON is {"about": ..., "items": [node, ...]}, and a node is one of

    {"value": null, true, 3, 0.5 or "text"}             {"one": 3.0, "type": "<f4", "shape": []}   one number
    {"array": [place, shape], "type": "<f4"}            {"texts": ["a"], "shape": [1]}
    {"list": [node]}  {"tuple": [node]}                 {"dict": [[node, node]]}
    {"state": name of its class, "of": node}            what an object of the script is brought back from
    {"made": name of a class of scikit-learn, "of": node}   an object within an estimator

Arrays of complex numbers have "complex", tensors "tensor": their type in torch. Nothing in it is run, and no more
memory is taken for it than the file is large.
"""

import importlib
import json
import math
import os
import random
import re
import struct
import sys
import typing
import zipfile

import numpy as np
import pilot_arrays

MOST_TEXT = 16 * 1024 * 1024
# Of an estimator these are weights, which are merged.
COEFFICIENTS = ("coef_", "intercept_", "coefs_", "intercepts_")
# Objects that an estimator makes anew whenever it fits.
MADE_ANEW = re.compile(r"sklearn\.(_loss|linear_model\._sgd_fast)\b")
# What stands before the numbers of a flat array. NumPy's own reader takes more, and fails of it in more ways.
FLAT = re.compile(
    rb"\{'descr': '(?P<descr>[<|](?P<kind>b1|[iu][1248]|f[248]))', 'fortran_order': False, 'shape': \((?P<count>\d{1,18}),\), \} *\n"
)
WITHIN = re.compile(r"sklearn(\.\w+)+")


class Unreadable(ValueError):
    """The file is not what `save` writes."""


def items(keep):
    """What was given as one thing or as a list of them."""
    return list(keep) if isinstance(keep, (list, tuple)) else [] if keep is None else [keep]


def check(things, where):
    """Raises TypeError for what cannot be kept: before the training, not after it."""
    for thing in things:
        if not _has_state(thing) and not isinstance(thing, (dict, list, np.ndarray)) and not pilot_arrays.is_tensor(thing):
            raise _cannot_keep(thing, where)
        _Writer(where).node(thing)


def save(path, things, about):
    """`about`: what is told of it, as JSON has it. The file is there whole or not at all."""
    writer = _Writer("pilot.keep")
    tree = [writer.node(thing) for thing in things]
    text = json.dumps({"about": about, "items": tree}).encode()
    if len(text) > MOST_TEXT:
        raise ValueError(
            "pilot.keep: what is kept has %d MB of lists and names. Keep numbers in arrays." % (len(text) >> 20)
        )
    with pilot_arrays.npz_writer(path + ".part") as add:
        add("text", np.frombuffer(text, np.uint8))
        for kind, arrays in writer.arrays.items():
            add(kind, *arrays)
    os.replace(path + ".part", path)


class Saved:
    """A file that was saved. Raises Unreadable."""

    def __init__(self, path):
        try:
            with zipfile.ZipFile(path) as file:
                self._read(file, os.path.getsize(path))
        except FileNotFoundError:
            raise
        except (*_DAMAGED, RecursionError) as error:
            raise Unreadable("What the shard kept cannot be read: %s: %s" % (type(error).__name__, error)) from None

    def _read(self, file, size):
        text = _entry(file, "text", size)
        if text.nbytes > MOST_TEXT:
            raise ValueError("its text is too long")
        found = json.loads(text.tobytes())
        self.about, tree = found["about"], found["items"]
        kinds = [info.filename[: -len(".npy")] for info in file.infolist()]
        flat = {kind: _entry(file, kind, size) for kind in kinds if kind != "text"}
        reader = _Reader(flat)
        self._items = [reader.value(node) for node in tree]

    def __len__(self):
        return len(self._items)

    def restore(self, things, first=0):
        """Brings back what `things` held; the `first` of them is that thing of the file."""
        for place, thing in enumerate(things, first):
            if place >= len(self._items):
                raise ValueError("pilot.keep: %s was not kept before: %d things were" % (_named(thing), len(self._items)))
            state = self._items[place]
            if isinstance(thing, (np.ndarray, dict, list)) or pilot_arrays.is_tensor(thing):
                fits = _fits(thing, state)
            else:
                fits = isinstance(state, _State) and state.name == type(thing).__name__
            if not fits:
                was = state.name if isinstance(state, _State) else _named(state)
                raise ValueError("pilot.keep: thing %d is %s here, and was %s before" % (place + 1, _named(thing), was))
            _restored(thing, state)


def random_states():
    """The standing of the generators that everybody shares, as a thing to keep."""
    return _Shared()


class _State(typing.NamedTuple):
    name: str
    state: typing.Any


class _Shared:
    """Has the standing of random, numpy and torch."""

    def state_dict(self):
        states = {"random": random.getstate(), "numpy": np.random.get_state()}
        torch = sys.modules.get("torch")
        if torch is not None:
            states["torch"] = torch.get_rng_state()
            if torch.cuda.is_available() and torch.cuda.is_initialized():
                states["cuda"] = torch.cuda.get_rng_state_all()
        return states

    def load_state_dict(self, states):
        random.setstate(states["random"])
        np.random.set_state(states["numpy"])
        torch = sys.modules.get("torch")
        if torch is not None and "torch" in states:
            torch.set_rng_state(states["torch"])
        if torch is not None and "cuda" in states and torch.cuda.device_count() == len(states["cuda"]):
            torch.cuda.set_rng_state_all(states["cuda"])


# What things hold, and how it is brought back


def _has_state(thing):
    return _pair_of(thing) is not None


def _pair_of(thing):
    """How its state is read, and how it is set; None for what has none of its own."""
    if isinstance(thing, type):
        return None
    if hasattr(thing, "state_dict") and hasattr(thing, "load_state_dict"):
        return lambda: _without_functions(thing.state_dict()), thing.load_state_dict
    if isinstance(thing, np.random.Generator):
        bits = thing.bit_generator
        return lambda: bits.state, lambda state: setattr(bits, "state", state)
    if isinstance(thing, np.random.RandomState):
        return thing.get_state, thing.set_state
    if isinstance(thing, random.Random):
        return thing.getstate, thing.setstate
    if "torch" in sys.modules and isinstance(thing, sys.modules["torch"].Generator):
        return thing.get_state, thing.set_state
    if hasattr(thing, "get_params") and hasattr(thing, "set_params") and hasattr(thing, "__dict__"):
        return lambda: _fitted(thing), vars(thing).update
    return None


def _without_functions(state):
    """Some schedulers list what they reckon with; one made anew has its own."""
    return {name: one for name, one in state.items() if not callable(one)} if isinstance(state, dict) else state


def _fitted(estimator):
    """What a scikit-learn estimator knows beside its weights and what it was made with."""
    given = estimator.get_params(deep=False)
    return {
        name: one
        for name, one in vars(estimator).items()
        if name not in given and name not in COEFFICIENTS and not MADE_ANEW.match(type(one).__module__)
    }


def _fits(thing, state):
    if isinstance(thing, np.ndarray):
        return isinstance(state, np.ndarray) and state.shape == thing.shape
    if pilot_arrays.is_tensor(thing):
        return pilot_arrays.is_tensor(state) and state.shape == thing.shape
    return type(state) is (dict if isinstance(thing, dict) else list)


def _restored(thing, state):
    """What stands in the place of `thing` from now on: itself, changed, where that can be. The script may hold it, too."""
    if isinstance(state, _State):
        pair = _pair_of(thing)
        if pair is None or type(thing).__name__ != state.name:
            raise ValueError("pilot.keep: %s was kept where the script has %s now" % (state.name, _named(thing)))
        pair[1](state.state)
        return thing
    if isinstance(thing, np.ndarray) and _fits(thing, state):
        thing[...] = state
        return thing
    if pilot_arrays.is_tensor(thing) and _fits(thing, state):
        thing.data.copy_(state)
        return thing
    if isinstance(thing, dict) and isinstance(state, dict):
        for name, one in state.items():
            thing[name] = _restored(thing.get(name), one)
        return thing
    if isinstance(thing, list) and isinstance(state, list):
        known = thing if len(thing) == len(state) else [None] * len(state)
        thing[:] = [_restored(before, one) for before, one in zip(known, state)]
        return thing
    return state


def _named(thing):
    return "an array" if isinstance(thing, np.ndarray) else type(thing).__name__


def _cannot_keep(value, where):
    return TypeError(
        "%s: %s cannot be kept. What can: objects with state_dict and load_state_dict, scikit-learn estimators, "
        "generators of random numbers, arrays, and dicts and lists of these, of numbers and of text."
        % (where, _named(value))
    )


# Values as JSON and arrays


class _Writer:
    def __init__(self, where):
        self._where = where
        self._lengths = {}
        self.arrays = {}

    def node(self, value):
        """A tree that JSON takes; arrays stand in it by their place among those of their type."""
        if isinstance(value, np.generic) and value.dtype.kind in "biuf" and value.dtype.itemsize <= 8:
            return {"one": value.item(), "type": value.dtype.str, "shape": None}
        if value is None or isinstance(value, (bool, int, float, str)):
            return {"value": self.plain(value)}
        if isinstance(value, dict):
            return {"dict": [[self.node(name), self.node(one)] for name, one in value.items()]}
        if isinstance(value, (list, tuple)):
            return {"tuple" if isinstance(value, tuple) else "list": [self.node(one) for one in value]}
        if pilot_arrays.is_tensor(value):
            array = pilot_arrays.as_array("keep", value, self._where)
            return dict(self.array(array), tensor=str(value.dtype).split(".")[-1])
        if isinstance(value, np.ndarray):
            return self.array(value)
        pair = _pair_of(value)
        if pair is not None:
            return {"state": type(value).__name__, "of": self.inner(pair[0]())}
        raise _cannot_keep(value, self._where)

    def plain(self, value):
        kinds = (bool, int, float, str)
        return value if value is None else next(kind for kind in kinds if isinstance(value, kind))(value)

    def inner(self, state):
        """Objects within an estimator, which one made anew does not have yet."""
        if not isinstance(state, dict):
            return self.node(state)
        pairs = []
        for name, one in state.items():
            place = "%s.%s" % (type(one).__module__, type(one).__qualname__)
            if WITHIN.fullmatch(place) and _class_within(place) is not None:
                made = {"made": place, "of": self.inner(dict(vars(one)))}
            elif isinstance(one, np.random.RandomState):
                made = {"made": "RandomState", "of": self.node(one.get_state())}
            else:
                made = self.node(one)
            pairs.append([self.node(name), made])
        return {"dict": pairs}

    def array(self, array):
        if array.dtype.kind == "U" or array.dtype.kind == "O" and all(isinstance(one, str) for one in array.flat):
            return {"texts": [str(one) for one in array.flat], "shape": list(array.shape)}
        if array.dtype.kind == "c" and array.dtype.itemsize <= 16:
            plain = np.ascontiguousarray(array).view("f%d" % (array.dtype.itemsize // 2)).reshape(array.shape + (2,))
            return dict(self.array(plain), complex=True)
        if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
            raise TypeError("%s: an array of %s cannot be kept" % (self._where, array.dtype))
        array = np.asarray(array, array.dtype.newbyteorder("<"), order="C")
        if array.size == 1:
            return {"one": array.reshape(-1)[0].item(), "type": array.dtype.str, "shape": list(array.shape)}
        kind = array.dtype.str[1:]
        place = self._lengths.get(kind, 0)
        self._lengths[kind] = place + array.size
        self.arrays.setdefault(kind, []).append(array.reshape(-1))
        return {"array": [place, list(array.shape)], "type": array.dtype.str}


class _Reader:
    def __init__(self, flat):
        self._flat = flat

    def value(self, node):
        if "value" in node:
            return _expected(node["value"], (type(None), bool, int, float, str))
        if "one" in node or "array" in node:
            return self.typed(node)
        if "texts" in node:
            return np.array([_expected(one, str) for one in node["texts"]], dtype=str).reshape(_shape(node["shape"]))
        if "dict" in node:
            return {self.value(name): self.value(one) for name, one in node["dict"]}
        if "tuple" in node:
            return tuple(self.value(one) for one in node["tuple"])
        if "list" in node:
            return [self.value(one) for one in node["list"]]
        if "state" in node:
            return _State(_expected(node["state"], str), self.value(node["of"]))
        return self.made(node)

    def made(self, node):
        state = self.value(node["of"])
        if node["made"] == "RandomState":
            generator = np.random.RandomState(0)
            generator.set_state(state)
            return generator
        found = _class_within(_expected(node["made"], str))
        if found is None:
            raise ValueError("it names a class that cannot be kept")
        one = object.__new__(found)
        vars(one).update(_expected(state, dict))
        return one

    def typed(self, node):
        kind = np.dtype(_expected(node["type"], str))
        if kind.kind not in "biuf" or kind.itemsize > 8:
            raise ValueError("it has an array of no numbers")
        if "one" in node:
            _expected(node["one"], (bool, int, float))
            if node["shape"] is None:
                return kind.type(node["one"])
            shape = _shape(node["shape"])
            if math.prod(shape) != 1:
                raise ValueError("one number has another shape")
            array = np.array(node["one"], kind).reshape(shape)
        else:
            place, shape = _expected(node["array"][0], int), _shape(node["array"][1])
            flat = self._flat[kind.str[1:]]
            if place < 0 or place + math.prod(shape) > flat.size:
                raise ValueError("an array lies beyond the end")
            array = flat[place : place + math.prod(shape)].reshape(shape)
        if node.get("complex"):
            array = array.view("c%d" % (2 * kind.itemsize)).reshape(array.shape[:-1])
        if "tensor" in node:
            torch = sys.modules["torch"]
            wanted = _expected(getattr(torch, _expected(node["tensor"], str)), torch.dtype)
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


def _entry(file, name, size):
    """The flat array of that name. What it says of its size is compared with the file before it is believed."""
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
        flat = np.empty(count, kind)
        rest = memoryview(flat.view(np.uint8)) if flat.size else b""
        while len(rest) > 0:
            count = entry.readinto(rest)
            if count == 0:
                raise EOFError("it is cut short")
            rest = rest[count:]
        entry.read(1)  # at its end the checksum is compared
        return flat


def _class_within(place):
    """A class of scikit-learn's own that is nothing but its attributes; None for others."""
    if not WITHIN.fullmatch(place):
        return None
    module, _, name = place.rpartition(".")
    if sys.modules.get("sklearn") is None:
        return None
    found = getattr(sys.modules.get(module) or importlib.import_module(module), name, None)
    if not isinstance(found, type) or found.__module__ != module:
        return None
    base = sys.modules["sklearn"].base.BaseEstimator
    plain = issubclass(found, base) or module == "sklearn.neural_network._stochastic_optimizers"
    return found if plain else None


def _expected(value, kinds):
    if not isinstance(value, kinds):
        raise ValueError("it holds something of another kind")
    return value


def _shape(numbers):
    if not all(type(one) is int and one >= 0 for one in _expected(numbers, list)) or len(numbers) > 32:
        raise ValueError("it has an array of no shape")
    return tuple(numbers)
