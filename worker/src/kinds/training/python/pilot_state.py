"""What a script goes on from, in a file: arrays and text, no pickle, since it goes from machine to machine."""

import json
import os
import random
import sys

import numpy as np
import pilot_arrays


def check(keep):
    """Raises TypeError for what cannot be kept: before the training, not after its first epoch."""
    _encode(_states(keep), [])


def save(path, keep, about):
    """`about`: what is told of it, as JSON has it. The file is there whole or not at all."""
    arrays = []
    tree = _encode({"keep": _states(keep), "random": _random_states()}, arrays)
    text = json.dumps({"tree": tree, "about": about}).encode()
    with pilot_arrays.npz_writer(path + ".part") as add:
        add("text", np.frombuffer(text, np.uint8))
        for index, array in enumerate(arrays):
            add(str(index), array)
    os.replace(path + ".part", path)


class Left:
    """A file that was saved. Its arrays are read when they are wanted."""

    def __init__(self, path):
        self._path = path
        with np.load(path, allow_pickle=False) as file:
            text = json.loads(file["text"].tobytes())
        self.about = text["about"]
        self._tree = text["tree"]

    def restore(self, keep):
        with np.load(self._path, allow_pickle=False) as file:
            state = _decode(self._tree, lambda index: file[str(index)])
        items = _items(keep)
        if len(items) != len(state["keep"]):
            raise ValueError("pilot.epochs: keep has %d things, and the checkpoint %d" % (len(items), len(state["keep"])))
        for item, one in zip(items, state["keep"]):
            _restore(item, one)
        _set_random_states(state["random"])


def _items(keep):
    return list(keep) if isinstance(keep, (list, tuple)) else [keep]


def _has_state(item):
    return hasattr(item, "state_dict") and hasattr(item, "load_state_dict")


def _states(keep):
    states = []
    for item in _items(keep):
        if not _has_state(item) and not isinstance(item, dict):
            raise _cannot_keep(item)
        states.append(item.state_dict() if _has_state(item) else item)
    return states


def _restore(item, state):
    if _has_state(item):
        item.load_state_dict(state)
        return
    for name, value in state.items():
        # The script may hold the array itself, too.
        if isinstance(item.get(name), np.ndarray) and item[name].shape == np.shape(value):
            item[name][...] = value
        elif pilot_arrays.is_tensor(item.get(name)):
            item[name].data.copy_(value)
        else:
            item[name] = value


def _random_states():
    states = {"random": random.getstate(), "numpy": np.random.get_state()}
    torch = sys.modules.get("torch")
    if torch is not None:
        states["torch"] = torch.get_rng_state()
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            states["cuda"] = torch.cuda.get_rng_state_all()
    return states


def _set_random_states(states):
    random.setstate(states["random"])
    np.random.set_state(states["numpy"])
    torch = sys.modules.get("torch")
    if torch is not None and "torch" in states:
        torch.set_rng_state(states["torch"])
    if torch is not None and "cuda" in states and torch.cuda.device_count() == len(states["cuda"]):
        torch.cuda.set_rng_state_all(states["cuda"])


def _cannot_keep(value):
    return TypeError(
        "pilot.epochs: keep holds %s, which cannot be kept. What can: objects with state_dict and load_state_dict, "
        "and dicts of arrays, numbers and text." % type(value).__name__
    )


def _encode(value, arrays):
    """A tree that JSON takes; arrays stand in it by their place in the list."""
    if isinstance(value, np.generic):
        return {"number": _place(np.asarray(value), arrays)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return {"value": value}
    if isinstance(value, dict):
        return {"dict": [[_encode(name, arrays), _encode(one, arrays)] for name, one in value.items()]}
    if isinstance(value, (list, tuple)):
        return {"tuple" if isinstance(value, tuple) else "list": [_encode(one, arrays) for one in value]}
    if pilot_arrays.is_tensor(value):
        array = pilot_arrays.as_array("keep", value, "pilot.epochs")
        return {"tensor": _place(array, arrays), "type": str(value.dtype).split(".")[-1]}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufcU":
        return {"array": _place(value, arrays)}
    raise _cannot_keep(value)


def _place(array, arrays):
    arrays.append(array)
    return len(arrays) - 1


def _decode(tree, read):
    if "value" in tree:
        return tree["value"]
    if "number" in tree:
        return read(tree["number"])[()]
    if "array" in tree:
        return read(tree["array"])
    if "tensor" in tree:
        torch = sys.modules["torch"]
        return torch.from_numpy(read(tree["tensor"]).copy()).to(getattr(torch, tree["type"]))
    if "dict" in tree:
        return {_decode(name, read): _decode(one, read) for name, one in tree["dict"]}
    if "tuple" in tree:
        return tuple(_decode(one, read) for one in tree["tuple"])
    return [_decode(one, read) for one in tree["list"]]
