"""Weights to start from, out of a file that somebody else wrote: .npz, .safetensors, or a .pt of torch.

No code comes with them. Arrays of numbers alone are read from an .npz and a .safetensors; a .pt is a pickle, which
torch reads by its list of what weights may consist of (`weights_only`), and only in the .zip form of torch 1.6 and
later: what reads the older one could be made to run code before torch 2.6 (CVE-2025-32434).
"""

import json
import os
import pickle
import struct
import zipfile

import numpy as np
import pilot_arrays

MOST_NAMED = 8
LONGEST_HEADER = 100 * 1024 * 1024
# https://github.com/huggingface/safetensors#format; numpy has no BF16, which is the upper half of a float32.
DTYPES = {
    "BOOL": "?", "I8": "i1", "I16": "<i2", "I32": "<i4", "I64": "<i8", "U8": "u1", "U16": "<u2", "U32": "<u4",
    "U64": "<u8", "F16": "<f2", "BF16": "<u2", "F32": "<f4", "F64": "<f8",
}  # fmt: skip
# What those who save more than weights call them.
WRAPPERS = ("state_dict", "model_state_dict", "model", "module", "net", "weights", "params")
# What torch puts before all names: DistributedDataParallel, and torch.compile.
PREFIXES = ("module.", "_orig_mod.")


class Unfit(ValueError):
    """The file cannot be used for this script; the message is a sentence for the user."""


def begin(path, wanted, fitting, shown):
    """The first weights as [(name, array)] in the order, the shapes and the types of `wanted`, which the script made,
    and what came of it: {"taken", "left", "unused"}. `fitting`: what does not fit is left as the script made it."""
    given = suited(read(path, shown), [name for name, _array in wanted])
    problems = {name: problem for name, array in wanted for problem in [mismatch(name, given, array)] if problem}
    own = {name for name, _array in wanted}
    unused = [name for name in given if name not in own]
    if not fitting and (problems or unused):
        raise Unfit(sentence(shown, problems, unused, len(wanted)))
    if len(problems) == len(wanted):
        raise Unfit(sentence(shown, problems, unused, len(wanted)))
    first = []
    for name, array in wanted:
        if name not in problems:
            array = np.asarray(given[name].astype(array.dtype), order="C")
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise Unfit('The weights in "%s" cannot be started from: "%s" holds numbers that are not finite.' % (shown, name))
        first.append((name, array))
    print("pilot: starts from %s: %d of %d arrays" % (shown, len(wanted) - len(problems), len(wanted)))
    return first, {
        "taken": len(wanted) - len(problems),
        "left": [name[:200] for name in problems][:32],
        "unused": [name[:200] for name in unused][:32],
    }


def mismatch(name, given, array):
    """What is wrong with the file's array of that name, or None."""
    found = given.get(name)
    if found is None:
        return "is not in the file"
    if found.shape != array.shape:
        return "has the shape %s there and %s in the script" % (found.shape, array.shape)
    if found.dtype.kind != array.dtype.kind and not {found.dtype.kind, array.dtype.kind} <= set("iu"):
        return "has the type %s there and %s in the script" % (found.dtype, array.dtype)
    return None


def sentence(shown, problems, unused, count):
    said = ['"%s" %s' % item for item in list(problems.items())[:MOST_NAMED]]
    if len(problems) > MOST_NAMED:
        said.append("%d more do not fit" % (len(problems) - MOST_NAMED))
    if unused:
        more = ", and %d more" % (len(unused) - MOST_NAMED) if len(unused) > MOST_NAMED else ""
        said.append("the script has no %s%s" % (", ".join('"%s"' % name[:200] for name in unused[:MOST_NAMED]), more))
    fit = count - len(problems)
    advice = " To take what fits (%d of %d) and leave the rest as the script makes it: --fitting." % (fit, count) if fit else ""
    return 'The weights in "%s" do not fit the script: %s.%s' % (shown, "; ".join(said), advice)


def suited(given, wanted):
    """The part of the file whose names have most in common with the script's: all of it, or what stands under a
    name such as "state_dict" or behind "module."."""
    candidates = [given]
    for outer in WRAPPERS:
        inner = {name[len(outer) + 1 :]: array for name, array in given.items() if name.startswith(outer + ".")}
        if inner:
            candidates.append(inner)
    for prefix in PREFIXES:
        for one in list(candidates):
            if all(name.startswith(prefix) for name in one):
                candidates.append({name[len(prefix) :]: array for name, array in one.items()})
    return max(candidates, key=lambda one: (sum(name in one for name in wanted), -len(one)))


def read(path, shown):
    """{name: array} of all arrays in the file."""
    ending = os.path.splitext(path)[1].lower()
    if ending not in READERS:
        raise Unfit('"%s" cannot be started from: give weights as .npz, .safetensors or .pt.' % shown)
    try:
        return READERS[ending](path)
    except Unfit as wrong:
        raise Unfit('"%s" cannot be started from: %s' % (shown, wrong)) from None
    except (ValueError, TypeError, KeyError, EOFError, OSError, struct.error, zipfile.BadZipFile, RecursionError):
        raise Unfit('"%s" cannot be started from: it is damaged, or not the %s that its name says.' % (shown, ending)) from None


def read_npz(path):
    return dict(pilot_arrays.named(dict(pilot_arrays.load_npz(path)), "The file"))


def read_safetensors(path):
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > min(LONGEST_HEADER, size - 8):
            raise Unfit("its header is longer than it may be.")
        header = json.loads(file.read(length))
    begin = 8 + length
    header.pop("__metadata__", None)
    return {name: tensor(path, name, begin, size, **about) for name, about in header.items()}


def tensor(path, name, begin, size, dtype, shape, data_offsets):
    if dtype not in DTYPES:
        raise Unfit('"%s" is of the type %s, which is not known here.' % (name[:200], str(dtype)[:50]))
    kind = np.dtype(DTYPES[dtype])
    start, end = data_offsets
    count = 1
    for length in shape:
        if type(length) is not int or length < 0:
            raise Unfit('"%s" has no shape.' % name[:200])
        count *= length
    if not 0 <= start <= end <= size - begin or end - start != count * kind.itemsize:
        raise Unfit('"%s" has not as many bytes as its shape says.' % name[:200])
    array = np.fromfile(path, kind, count, offset=begin + start).reshape(shape)
    return (array.astype("<u4") << 16).view("<f4") if dtype == "BF16" else array


def read_pt(path):
    import torch

    if not zipfile.is_zipfile(path):
        raise Unfit("it was not saved by torch 1.6 or later.")
    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError) as wrong:
        if isinstance(wrong, RuntimeError) and "memory" in str(wrong):
            raise
        raise Unfit(
            "torch %s finds more than weights in it, or it is damaged. Save model.state_dict() alone." % torch.__version__
        ) from None
    if not hasattr(held, "items") and not isinstance(held, (list, tuple)):
        raise Unfit("it holds no state dict.")
    return dict(arrays_in(held, ""))


def arrays_in(held, prefix):
    """What of a checkpoint is an array, by the name that it has among the others; numbers and text are left out."""
    for name, value in held.items() if hasattr(held, "items") else enumerate(held):
        if hasattr(value, "items") or isinstance(value, (list, tuple)):
            yield from arrays_in(value, "%s%s." % (prefix, name))
        elif pilot_arrays.is_tensor(value) or isinstance(value, np.ndarray):
            yield prefix + str(name), pilot_arrays.as_array(str(name), value, "The file")


READERS = {".npz": read_npz, ".safetensors": read_safetensors, ".pt": read_pt, ".pth": read_pt}
