"""Weights as named arrays: from what a script has and back to that, and in .npz files."""

import collections
import contextlib
import numbers
import sys
import typing
import zipfile

import numpy as np


def named(weights, what):
    """[(name, array)]. Arrays may share memory with the script's."""
    return [(name, as_array(name, value, what)) for name, value in pairs(weights, what)]


def pairs(weights, what):
    """[(name, value)]; those within others have names such as "G.0.weight"."""
    if not hasattr(weights, "items") and not isinstance(weights, (list, tuple)):
        raise TypeError("%s takes a torch state dict, or a dict, list or tuple of arrays or of such" % what)
    pairs = list(_pairs(weights, "", what))
    if not pairs:
        raise ValueError("%s was given no weights at all" % what)
    names = collections.Counter(name for name, _value in pairs)
    twice = next((name for name, count in names.items() if count > 1), None)
    if twice is not None:
        raise ValueError('%s was given two arrays that would both be called "%s"' % (what, twice))
    return pairs


def is_nested(value):
    """A list of numbers alone is an array."""
    if isinstance(value, (list, tuple)):
        return len(value) > 0 and not all(isinstance(one, numbers.Number) or is_plain(one) for one in value)
    return hasattr(value, "items")


def is_plain(value):
    return isinstance(value, (list, tuple)) and not is_nested(value)


def _pairs(weights, prefix, what):
    for name, value in weights.items() if hasattr(weights, "items") else enumerate(weights):
        if is_nested(value):
            yield from _pairs(value, "%s%s." % (prefix, name), what)
        else:
            yield prefix + str(name), value


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


def like(default, given, prefix=""):
    """The arrays `given` in the containers and the types of `default`. Never the memory of `default`."""

    def one(name, value):
        full = prefix + str(name)
        return like(value, given, full + ".") if is_nested(value) else typed_as(value, given[full])

    if not hasattr(default, "items"):
        return type(default)([one(index, value) for index, value in enumerate(default)])
    container: typing.Any = collections.OrderedDict() if isinstance(default, collections.OrderedDict) else {}
    for name, value in default.items():
        container[name] = one(name, value)
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
            with _entry(file, name) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)

        yield add


@contextlib.contextmanager
def flat_npz_writer(path):
    """The same for flat arrays, each of `size` numbers, that come in parts: without a copy of all of them."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:

        def add(name, dtype, size, parts):
            with _entry(file, name) as entry:
                header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": (size,)}
                np.lib.format.write_array_header_1_0(entry, header)
                for part in parts:
                    entry.write(memoryview(part.view(np.uint8)) if part.size else b"")

        yield add


def _entry(file, name):
    return file.open(zipfile.ZipInfo(name + ".npy"), "w", force_zip64=True)
