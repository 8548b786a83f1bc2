"""Reads a data file for pilot.data: its rows in the run's order, its labels, and the names of its classes."""

import json
import os
import zipfile

import numpy as np
import pilot_arrays
import pilot_csv
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
        if self.run.split == "blocks":
            return np.arange(count)
        return np.random.default_rng([self.seed, count]).permutation(count)

    def find(self, distinct):
        if self.finds:
            self.classes = [str(label) for label in distinct]


class NoLentData(Exception):
    """What is wrong with lent data, in words that tell nothing of what is in it."""


def files_in(folder):
    """The data files of a folder that is lent, in the order of their names."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        raise NoLentData("The folder that the worker lends cannot be read by its jobs: its owner has to open it to them.") from None
    files = [os.path.join(folder, name) for name in names if os.path.splitext(name)[1].lower() in READERS]
    files = [path for path in files if os.path.isfile(path)]
    if not files:
        raise NoLentData(
            "The folder that the worker lends holds no .npz, .csv, .jsonl or .zip. A script can read it by itself: pilot.local_data."
        )
    if len({os.path.splitext(path)[1].lower() for path in files}) > 1:
        raise NoLentData("The folder that the worker lends holds data files of several formats: one is read.")
    return files


def read(files, test, reading):
    """What pilot.data returns, and how many rows that has: of the files together, or of `test` while evaluating."""
    endings = [os.path.splitext(source)[1].lower() for source in [*files, *([] if test is None else [test])]]
    for source, ending in zip([*files, test], endings):
        if ending not in READERS:
            raise ValueError("pilot.data reads .npz, .csv, .jsonl and .zip, not %s" % os.path.basename(source))
        if ending != endings[0]:
            names = os.path.basename(source), ending, os.path.basename(files[0]), endings[0]
            raise ValueError('"%s" is a %s, and "%s" a %s: files of one training have one format.' % names)
    return READERS[endings[0]](files, test, reading)


def read_npz(files, test, reading):
    parts = [npz_parts(source) for source in files]
    own = [measured for _train, measured in parts if measured is not None]
    if test is not None and own:
        raise ValueError(two_tests(files[0], test))
    train = joined([arrays for arrays, _measured in parts], files)
    measured = joined([train, npz_parts(test)[0]], [files[0], test], 1) if test is not None else None
    if own:
        measured = joined(own, files)
    for arrays in (train, measured or {}):
        # No part of the data: it says which rows are kept together.
        arrays.pop(reading.run.group, arrays.pop(base_of(reading.run.group or ""), None))
    label = label_of(train, reading)
    if measured is not None and label is not None and train[label].ndim == 1:
        # The classes are those of both parts.
        known, others = train[label], measured[label]
        if test is not None:
            check_known(known, others, os.path.basename(test), pilot_csv.name_of(files))
        indices(np.concatenate([known, others]), files[0], reading)
    arrays = measured if measured is not None and reading.evaluating else train
    counted = arrays[label or next(iter(arrays))]
    count = counted.shape[0] if counted.ndim else 1
    order = reading.order(count)
    for name, array in arrays.items():
        if array.ndim and array.shape[0] == count:
            arrays[name] = array[order]
    if label is not None:
        arrays[label] = indices(arrays.pop(label), files[0], reading, measured is None)
    loaded = tuple(arrays.values())
    return (loaded[0] if len(loaded) == 1 else loaded), count


def npz_parts(source):
    """(arrays to train on, arrays to measure on or None), each by the names that scripts get them in the order of."""
    names = pilot_arrays.npz_names(source)
    whole = dict(pilot_arrays.load_npz(source))
    parts = {name: pilot_parts.part_of_name(name) for name in names}
    measured = pilot_parts.measured_part({part and part[0] for part in parts.values()})
    if measured is None or None in parts.values():
        return {name: whole[name] for name in names}, None
    train, test = ({parts[name][1]: whole[name] for name in names if parts[name][0] == one} for one in ("train", measured))
    return train, test


def joined(several, files, start=0):
    """Arrays of several files by the names of the first, from `start` on, one after another."""
    if len(several) == 1:
        return several[0]
    first, whole = several[0], {name: [] for name in several[0]}
    for arrays, source in list(zip(several, files))[start:]:
        found = {name: name if name in arrays else base_among(name, arrays) for name in first}
        for name, its in found.items():
            if its is None:
                raise_unfit(source, 'has no array "%s", as has' % name, files)
            one, other = first[name], arrays[its]
            texts = one.dtype.kind in "SU" and one.dtype.kind == other.dtype.kind
            if one.shape[1:] != other.shape[1:] or not one.ndim or one.dtype != other.dtype and not texts:
                raise_unfit(source, 'has the array "%s" in another shape or type than' % its, files)
            whole[name].append(other)
        extra = next((name for name in arrays if name not in found.values()), None)
        if extra is not None:
            raise_unfit(source, 'has an array "%s", which is not in' % extra, files)
    return {name: np.concatenate(arrays) for name, arrays in whole.items()}


def base_among(name, arrays):
    base = base_of(name)
    return next((other for other in arrays if base_of(other) == base), None)


def base_of(name):
    return (pilot_parts.part_of_name(name) or (None, name))[1]


def raise_unfit(source, what, files):
    raise ValueError('"%s" %s "%s".' % (os.path.basename(source), what, os.path.basename(files[0])))


def two_tests(source, test):
    names = os.path.basename(source), os.path.basename(test)
    return '"%s" has a part of its own to measure on, and "%s" is another: give one of them.' % names


def check_known(labels, measured, test, name):
    """Names of classes that nothing was trained on would be no index that the model knows."""
    if labels.dtype.kind == "U":
        pilot_csv.check_known(sorted(set(measured.tolist()) - set(labels.tolist())), test, name)


def read_csv(files, test, reading):
    choices = {name: getattr(reading.run, name) for name in ("label", "missing", "drop", "encode", "group")}
    train, measured, kind = pilot_csv.read(files, test, **choices)
    if kind == "text":
        reading.find(np.unique(train[1]))
    elif kind == "whole":
        # Of both, where there are two.
        indices(np.concatenate([rows[1] for rows in (train, measured) if rows is not None]).astype(np.int64), files[0], reading)
    X, labels = measured if measured is not None and reading.evaluating else train
    order = reading.order(len(X))
    # The whole file decided: rows that were left out may have had the only fractions.
    if kind == "measured":
        return (X[order], labels[order].astype(float)), len(order)
    y = labels[order] if kind == "text" else labels[order].astype(np.int64)
    return (X[order], indices(y, files[0], reading, False)), len(order)


def read_jsonl(files, test, reading):
    train = [row for source in files for row in lines_of(source)]
    measured = [] if test is None else lines_of(test)
    label = label_of(train[0], reading) if train and isinstance(train[0], dict) else None
    if label is not None:
        known, labels = ([row.get(label) for row in rows] for rows in (train, measured))
        values = known + labels
        if all(map(is_whole, values)):
            indices(np.array([int(value) for value in values]), files[0], reading)
        elif all(isinstance(value, (str, bool)) or is_whole(value) for value in values):
            known, labels = (np.array([text_of(value) for value in some], dtype=str) for some in (known, labels))
            if test is not None:
                check_known(known, labels, os.path.basename(test), pilot_csv.name_of(files))
            indices(known, files[0], reading)
    rows = measured if test is not None and reading.evaluating else train
    return [rows[index] for index in reading.order(len(rows))], len(rows)


def lines_of(source):
    with open(source, encoding="utf-8-sig") as file:
        return [json.loads(line) for line in file if line.strip()]


def text_of(value):
    return str(int(value) if is_whole(value) else value)


def read_zip(files, test, reading):
    found = [member for source in files for member in members_of(source, reading)]
    parts = {part for _path, _label, part in found}
    measured = parts - {None, "train"}
    if test is not None and measured:
        raise ValueError(two_tests(files[0], test))
    labels = np.array([label for _path, label, _part in found], dtype=str)
    if test is not None:
        others = members_of(test, reading)
        own = [member for member in others if member[2] not in (None, "train")]
        others = [(path, label, "test") for path, label, _part in own or others]
        names = np.array([label for _path, label, _part in others], dtype=str)
        check_known(labels, names, os.path.basename(test), pilot_csv.name_of(files))
        found, measured, parts = found + others, {"test"}, parts | {"test"}
        labels = np.concatenate([labels, names])
    labels = indices(labels, files[0], reading)
    # A shard has one part alone, whichever that is.
    if len(measured) == 1 and parts & {None, "train"}:
        keep = [index for index, member in enumerate(found) if (member[2] not in (None, "train")) == reading.evaluating]
        found, labels = [found[index] for index in keep], labels[keep]
    order = reading.order(len(found))
    return ([found[index][0] for index in order], labels[order]), len(found)


def members_of(source, reading):
    """[(path, class, part or None)] of the files of an archive, unpacked."""
    folder = reading.run.unpacked(source, unpack)
    paths = sorted(
        os.path.relpath(os.path.join(at, name), folder).replace(os.sep, "/")
        for at, _folders, names in os.walk(folder)
        for name in names
    )
    found = pilot_parts.class_paths(paths, os.path.basename(source))
    return [(os.path.join(folder, path), label, part) for path, label, part in found]


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
    if reading.classes is None:
        raise NoLentData(
            "The labels of the lent data are texts, and each shard would number those that it has by itself. Set "
            "pilot.classes to all of them before pilot.data, or have numbers in their place."
        )
    places = {name: index for index, name in enumerate(reading.classes)}
    if not all(label in places for label in labels.tolist()):
        raise NoLentData("The data has labels that are not in pilot.classes.")
    return np.array([places[name] for name in labels.tolist()], dtype=np.int64)
