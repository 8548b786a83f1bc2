"""Reads a data file for pilot.data: its rows in the run's order, its labels, and the names of its classes."""

import json
import os
import zipfile

import numpy as np
import pilot_arrays
import pilot_parts

LABELS = ("label", "labels", "target", "targets", "class", "y", "Y")
MOST_CLASSES = 10000
MOST_NUMBERS = 1000


class Reading:
    """How a file is read. `run` has what the job chose, see pilot._Alone; `classes` are those found so far, or, with
    `finds` false, what the whole of the data has of them."""

    def __init__(self, run, seed, evaluating, classes, finds):
        self.run = run
        self.seed = seed
        self.evaluating = evaluating
        self.classes = classes
        self.finds = finds

    def order(self, count):
        return np.random.default_rng([self.seed, count]).permutation(count)

    def find(self, distinct):
        if self.finds:
            self.classes = [str(label) for label in distinct]


def read(source, reading):
    """What pilot.data returns, and how many rows that has."""
    ending = os.path.splitext(source)[1].lower()
    if ending not in READERS:
        raise ValueError("pilot.data reads .npz, .csv, .jsonl and .zip, not %s" % os.path.basename(source))
    return READERS[ending](source, reading)


def read_npz(source, reading):
    names = pilot_arrays.npz_names(source)
    train, test = names, None
    parts = {name: pilot_parts.part_of_name(name) for name in names}
    measured = pilot_parts.measured_part({part and part[0] for part in parts.values()})
    if measured is not None and None not in parts.values():
        train = [name for name in names if parts[name][0] == "train"]
        test = [name for name in names if parts[name][0] == measured]
    whole = dict(pilot_arrays.load_npz(source))
    taken = test if test and reading.evaluating else train
    arrays = {name if test is None else parts[name][1]: whole[name] for name in taken}
    label = label_of(arrays, reading)
    if test is not None and label is not None and whole[train[0]].ndim:
        # The classes are those of both parts.
        both = [whole[name] for name in train + test if parts[name][1] == label]
        if all(array.ndim == 1 for array in both):
            indices(np.concatenate(both), source, reading)
    counted = arrays[label or next(iter(arrays))]
    count = counted.shape[0] if counted.ndim else 1
    order = reading.order(count)
    for name, array in arrays.items():
        if array.ndim and array.shape[0] == count:
            arrays[name] = array[order]
    if label is not None:
        arrays[label] = indices(arrays.pop(label), source, reading, test is None)
    loaded = tuple(arrays.values())
    return (loaded[0] if len(loaded) == 1 else loaded), count


def read_csv(source, reading):
    import pilot_csv

    choices = {name: getattr(reading.run, name) for name in ("label", "missing", "drop", "encode")}
    X, labels, kind = pilot_csv.read(source, **choices)
    order = reading.order(len(X))
    # The whole file decided: rows that were left out may have had the only fractions.
    if kind == "measured":
        return (X[order], labels[order].astype(float)), len(order)
    y = labels[order] if kind == "text" else labels[order].astype(np.int64)
    return (X[order], indices(y, source, reading)), len(order)


def read_jsonl(source, reading):
    with open(source, encoding="utf-8-sig") as file:
        rows = [json.loads(line) for line in file if line.strip()]
    label = label_of(rows[0], reading) if rows and isinstance(rows[0], dict) else None
    if label is not None:
        values = [row.get(label) for row in rows]
        if all(map(is_whole, values)):
            indices(np.array([int(value) for value in values]), source, reading)
        elif all(isinstance(value, (str, bool)) or is_whole(value) for value in values):
            indices(np.array([str(int(value) if is_whole(value) else value) for value in values]), source, reading)
    return [rows[index] for index in reading.order(len(rows))], len(rows)


def read_zip(source, reading):
    folder = reading.run.unpacked(source, unpack)
    paths = sorted(
        os.path.relpath(os.path.join(at, name), folder).replace(os.sep, "/")
        for at, _folders, names in os.walk(folder)
        for name in names
    )
    files = pilot_parts.class_paths(paths, os.path.basename(source))
    labels = indices(np.array([label for _path, label, _part in files], dtype=str), source, reading)
    parts = {part for _path, _label, part in files}
    # A shard has one part alone, whichever that is.
    if len(parts - {None, "train"}) == 1 and parts & {None, "train"}:
        keep = [index for index, file in enumerate(files) if (file[2] not in (None, "train")) == reading.evaluating]
        files, labels = [files[index] for index in keep], labels[keep]
    order = reading.order(len(files))
    return ([os.path.join(folder, files[index][0]) for index in order], labels[order]), len(files)


def unpack(source, folder):
    """`extract` keeps every path inside the folder, and makes a link a plain file."""
    with zipfile.ZipFile(source) as archive:
        for entry in archive.infolist():
            parts = entry.filename.split("/")
            if entry.is_dir() or any(part.startswith((".", "__MACOSX")) for part in parts):
                continue
            archive.extract(entry, folder)


READERS = {".npz": read_npz, ".csv": read_csv, ".jsonl": read_jsonl, ".zip": read_zip}


def label_of(names, reading):
    if reading.run.label:
        base = (pilot_parts.part_of_name(reading.run.label) or (None, None))[1]
        if reading.run.label not in names and base in names:
            return base
        if reading.run.label not in names:
            raise ValueError("the data has no %r to be the label; it has %s" % (reading.run.label, ", ".join(names)))
        return reading.run.label
    return next((name for name in LABELS if name in names), None)


def is_whole(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1


def indices(labels, source, reading, find=True):
    """Text labels as indices into the classes; numbers as they are, whole ones as integers. On a farm all of this
    was decided by the whole of the data, of which a shard has a part."""
    if labels.ndim != 1:
        return labels
    if labels.dtype.kind == "S":
        labels = np.char.decode(labels, "latin1")
    if labels.dtype.kind != "U":
        whole = reading.run.whole
        if whole is None:
            whole = labels.dtype.kind in "iub" or labels.dtype.kind == "f" and bool(np.all(labels == np.floor(labels)))
        if not whole or labels.dtype.kind not in "iubf":
            return labels
        labels = labels.astype(np.int64)
        distinct = np.unique(labels)
        if find and len(distinct) <= MOST_NUMBERS:
            reading.find(distinct)
        return labels
    distinct = np.unique(labels)
    if len(distinct) > MOST_CLASSES:
        raise ValueError(
            'The labels of "%s" are more than %s different texts, which is too many for classes. '
            "Name the label if it is another." % (os.path.basename(source), format(MOST_CLASSES, ","))
        )
    if find:
        reading.find(distinct)
    places = {name: index for index, name in enumerate(reading.classes)}
    return np.array([places[name] for name in labels.tolist()], dtype=np.int64)
