"""Data that comes divided into a part to train on and a part to measure on, and the classes of an archive's files."""

import re

_PARTS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "valid",
    "valid": "valid",
    "validation": "valid",
}
_PAPERS = re.compile(
    r"(readme|licen[cs]e|copying|notice|changelog)\b|.*\.(txt|md|rst|html?|pdf|csv|tsv|json|ya?ml|xml|toml|ini|url)$",
    re.I | re.A,
)
_LITTER = re.compile(r"(thumbs\.db|desktop\.ini)$", re.I)


def measured_part(present):
    if "train" not in present:
        return None
    return "test" if "test" in present else "valid" if "valid" in present else None


def part_of_name(name):
    """("train", "x") for x_train and train_x; None for other names."""
    for found in (re.fullmatch(r"(?P<base>.+)_(?P<part>[A-Za-z]+)", name), re.fullmatch(r"(?P<part>[A-Za-z]+)_(?P<base>.+)", name)):
        if found and found["part"].lower() in _PARTS:
            return _PARTS[found["part"].lower()], found["base"]
    return None


def class_paths(paths, source):
    """[(path, class, part or None)] of the files of an archive: the folder is the class, the one above may be a
    part. A read-me beside the folders of the classes is left out, and so is a part that is neither trained nor
    measured on."""
    above = set()
    for path in paths:
        folders = path.split("/")[:-1]
        above.update("/".join(folders[:depth]) for depth in range(1, len(folders)))
    files = []
    for path in paths:
        *folders, name = path.split("/")
        beside = not folders or "/".join(folders) in above
        if _LITTER.match(name) or beside and len(paths) > 1 and _PAPERS.match(name):
            continue
        if beside:
            where = "beside other folders. Put the files of each class into one folder" if folders else (
                "in no folder. Put the files of each class into a folder"
            )
            raise ValueError('"%s" cannot be used: "%s" lies %s with the name of the class.' % (source, path, where))
        files.append((path, folders[-1], _PARTS.get(folders[-2].lower()) if len(folders) > 1 else None))
    if not files:
        raise ValueError('"%s" holds no files in folders.' % source)
    measured = measured_part({part for _path, _label, part in files})
    if measured is None:
        return [(path, label, None) for path, label, _part in files]
    return [file for file in files if file[2] in (measured, "train", None)]
