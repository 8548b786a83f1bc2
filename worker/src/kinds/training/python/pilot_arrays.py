"""Weights as named arrays: from what a script has and back to that, and in .npz files."""

import collections
import contextlib
import sys
import typing
import zipfile

import numpy as np


def named(weights, what):
    """[(name, array)]. Arrays may share memory with the script's."""
    return [(name, as_array(name, value, what)) for name, value in pairs(weights, what)]


def pairs(weights, what):
    if hasattr(weights, "items"):
        pairs = [(str(name), value) for name, value in weights.items()]
    elif isinstance(weights, (list, tuple)):
        pairs = [(str(index), value) for index, value in enumerate(weights)]
    else:
        raise TypeError("%s takes a torch state dict, or a dict, list or tuple of arrays" % what)
    if not pairs:
        raise ValueError("%s was given no weights at all" % what)
    return pairs


def is_tensor(value):
    return "torch" in sys.modules and isinstance(value, sys.modules["torch"].Tensor)


def as_array(name, value, what):
    if is_tensor(value):
        value = value.detach().cpu()
        # numpy knows no bfloat16.
        value = (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy()
    array = np.asarray(value)
    if array.dtype.name == "bfloat16":
        array = array.astype(np.float32)
    if array.dtype.kind not in "biuf":
        raise TypeError("%s: %r is no array of numbers but %s" % (what, name, kind_of(value, array)))
    if array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    return np.asarray(array, array.dtype.newbyteorder("="), order="C")


def kind_of(value, array):
    return "an array of %s" % array.dtype if isinstance(value, np.ndarray) else type(value).__name__


def like(default, given):
    """The arrays `given` in the container and the types of `default`. Never the memory of `default`."""
    if not hasattr(default, "items"):
        return type(default)([typed_as(value, given[str(index)]) for index, value in enumerate(default)])
    container: typing.Any = collections.OrderedDict() if isinstance(default, collections.OrderedDict) else {}
    for name, value in default.items():
        container[name] = typed_as(value, given[str(name)])
    if hasattr(default, "_metadata"):
        container._metadata = default._metadata
    return container


def typed_as(sample, array):
    if is_tensor(sample):
        return sys.modules["torch"].from_numpy(array.copy()).to(dtype=sample.dtype, device=sample.device)
    if isinstance(sample, (bool, int, float)):
        return type(sample)(array)
    return array.astype(getattr(sample, "dtype", array.dtype))


def check_finite(arrays):
    for name, array in arrays:
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            found = "NaN" if np.isnan(array).any() else "infinite numbers"
            raise ValueError(
                'pilot.finish: "%s" holds %s. The training has diverged; a smaller learning rate may help.'
                % (name, found)
            )


def npz_names(path):
    with np.load(path, allow_pickle=False) as file:
        return list(file.files)


def load_npz(path):
    """Yields (name, array), one at a time."""
    with np.load(path, allow_pickle=False) as file:
        for name in file.files:
            yield name, file[name]


def save_npz(path, arrays):
    with npz_writer(path) as add:
        for name, array in arrays:
            add(name, array)


@contextlib.contextmanager
def npz_writer(path):
    """Like numpy.savez, but any name may be used, arrays come one at a time, and equal ones make equal files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:

        def add(name, array):
            with file.open(zipfile.ZipInfo(name + ".npy"), "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)

        yield add
