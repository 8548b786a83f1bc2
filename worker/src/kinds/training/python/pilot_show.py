"""What pilot.show takes, as it is shown on a job's page: pictures as PNG, tables as JSON, small in any case.

What is shown must never end a training: what is too large is made smaller, what is too much is left out, and a line in the
log says so. What is no picture and no table is the script's mistake, and raised.
"""

import io
import json
import math
import numbers
import struct
import zlib

import numpy as np
import pilot_arrays

# The farm's own bounds are the same: shared/src/kinds/training/shown.ts.
MOST = 16
MOST_BYTES = 8 * 1024 * 1024
MOST_SIDE = 2048
MOST_TILES = 16
TILE_SIDE = MOST_SIDE // MOST_TILES
MOST_ROWS = 1_000
MOST_COLUMNS = 200
MOST_CELLS = 20_000
LONGEST_NAME = 64
COLOURS = (1, 3, 4)
LONGEST_CELL = 200


class Shown:
    """What a run shows, by name: the newest of each."""

    def __init__(self):
        self.things = {}

    def put(self, about, data):
        """None, or why it is left out."""
        others = {name: thing for name, thing in self.things.items() if name != about["name"]}
        if len(others) == MOST:
            return "more than %d pictures and tables" % MOST
        if sum(len(one) for _about, one in others.values()) + len(data) > MOST_BYTES:
            return "more than %d MB of pictures and tables" % (MOST_BYTES >> 20)
        self.things[about["name"]] = (about, data)
        return None

    def write(self, path):
        """One behind the other into one file; what each is and how long, as the farm is told."""
        if self.things:
            with open(path, "wb") as file:
                file.writelines(data for _about, data in self.things.values())
        return [dict(about, size=len(data)) for about, data in self.things.values()]


def made(what, name, rows, columns, captions, note):
    """(about, bytes) of whatever pilot.show takes. `note` is told what was made smaller."""
    what = figure_of(what)
    if hasattr(what, "savefig"):
        return figure(what, name or "figure", note)
    if captions is not None:
        return tiles(what, captions, name or "images", note)
    if rows is None and columns is None and are_pictures(what):
        return tiles(what, range(1, len(what) + 1), name or "images", note)
    if rows is not None or columns is not None or not is_picture(what):
        return table(what, name or "table", rows, columns, note)
    return image(what, name or "image", note)


def shortened(text, longest):
    """The farm counts the characters of a name as JavaScript does."""
    return str(text).encode("utf-16-le", "replace")[: 2 * longest].decode("utf-16-le", "ignore")


def named(name):
    """Printable, and not empty."""
    return "".join(one if one.isprintable() else " " for one in shortened(name, LONGEST_NAME)).strip() or "unnamed"


# Pictures


def is_array(what):
    return isinstance(what, np.ndarray) or pilot_arrays.is_tensor(what)


def is_picture(what):
    return is_array(what) and what.ndim in (2, 3)


def are_pictures(what):
    """A batch of them, as a model gives it, or a list. What could be one in colours is one."""
    if isinstance(what, (list, tuple)):
        return len(what) > 0 and all(is_picture(one) for one in what)
    if not is_array(what) or 0 in what.shape:
        return False
    return what.ndim == 4 or what.ndim == 3 and what.shape[2] not in COLOURS and what.shape[0] not in (1, 3)


def figure_of(what):
    """The figure of matplotlib that is meant: pyplot has a current one, and axes belong to one."""
    if hasattr(what, "gcf"):
        return what.gcf()
    return what.get_figure() if hasattr(what, "get_figure") else what


def figure(what, name, note):
    inches = max(what.get_size_inches())
    dpi = what.dpi
    if inches * dpi > MOST_SIDE:
        dpi = MOST_SIDE / inches
        note('"%s" is shown at %d dots per inch' % (name, dpi))
    file = io.BytesIO()
    what.savefig(file, format="png", dpi=dpi)
    data = file.getvalue()
    width, height = struct.unpack(">II", data[16:24])
    return {"kind": "image", "name": name, "width": width, "height": height}, data


def image(what, name, note):
    pixels = pixels_of(what, MOST_SIDE, name, note)
    return {"kind": "image", "name": name, "width": pixels.shape[1], "height": pixels.shape[0]}, png(pixels)


def tiles(pictures, captions, name, note):
    """Pictures of one size below each other, and what is written under each."""
    captions = [named(caption) for _picture, caption in zip(pictures, captions)]
    if not captions:
        raise ValueError("pilot.show: there is no picture with a caption")
    if len(captions) > MOST_TILES:
        note('"%s": the first %d pictures are shown' % (name, MOST_TILES))
    captions = captions[:MOST_TILES]
    parts = [pixels_of(pictures[index], TILE_SIDE, name, note) for index in range(len(captions))]
    if any(part.shape != parts[0].shape for part in parts):
        raise ValueError('pilot.show: the pictures of "%s" have several sizes' % name)
    pixels = np.concatenate(parts)
    about = {"kind": "images", "name": name, "width": pixels.shape[1], "height": pixels.shape[0], "captions": captions}
    return about, png(pixels)


def pixels_of(what, most_side, name, note):
    """H x W or H x W x 3 of uint8, at most so long: of a larger one each n-th pixel."""
    what = what if hasattr(what, "shape") else np.asarray(what)
    shape = tuple(what.shape)
    first = len(shape) == 3 and shape[0] in (1, 3) and shape[2] not in COLOURS  # channels first, as torch has them
    if len(shape) not in (2, 3) or len(shape) == 3 and not first and shape[2] not in COLOURS or 0 in shape:
        raise ValueError("pilot.show: a picture is height x width, or x 3 for colours, not %s" % (shape,))
    height, width = shape[1:] if first else shape[:2]
    each = math.ceil(max(height, width) / most_side)
    if each > 1:
        note('"%s" is shown with each %d. row and column of %d x %d' % (name, each, height, width))
    # Before anything is computed or copied: that is no larger then than what is shown.
    what = what[:, ::each, ::each] if first else what[::each, ::each]
    array = pilot_arrays.as_array(name, what, "pilot.show")
    return opaque(in_bytes(np.moveaxis(array, 0, 2) if first else array))


def in_bytes(array):
    """uint8 as it is; other numbers from 0 to 1, or stretched to that."""
    if array.dtype == np.uint8:
        return array
    array = np.nan_to_num(array.astype(np.float32), nan=0.0, posinf=1.0, neginf=0.0)
    low, high = float(array.min()), float(array.max())
    if low < 0 or high > 1:
        array = (array - low) / max(high - low, 1e-30)
    return np.rint(array * 255).astype(np.uint8)


def opaque(pixels):
    """Without a third axis of one, and on white where there is an alpha."""
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        return pixels[:, :, 0]
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        alpha = pixels[:, :, 3:].astype(np.float32) / 255
        return np.rint(pixels[:, :, :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return pixels


def png(pixels):
    """https://www.w3.org/TR/png-3/ with 8 bits, grey or RGB, each line unfiltered."""
    height, width = pixels.shape[:2]
    lines = np.zeros((height, 1 + pixels[0].size), np.uint8)
    lines[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 0 if pixels.ndim == 2 else 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in chunks)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


# Tables


def table(what, name, rows, columns, note, shade=False):
    """Of a dict of columns, a list of dicts, a data frame, or anything with two axes."""
    if hasattr(what, "to_dict") and hasattr(what, "columns"):
        rows = list(what.index[:MOST_ROWS]) if rows is None else rows
        what = what.iloc[:MOST_ROWS, :MOST_COLUMNS].to_dict("list")
    lines, found = lines_of(what)
    columns = found if columns is None else list(columns)
    width = max([len(line) for line in lines] + [0])
    columns = [str(index + 1) for index in range(width)] if columns is None else columns
    if len(columns) < width or rows is not None and len(rows) < len(lines):
        raise ValueError('pilot.show: the table "%s" has more cells than it has names of rows or columns' % name)
    wide = min(len(columns), MOST_COLUMNS)
    high = min(len(lines), MOST_ROWS, MOST_CELLS // max(1, wide))
    if wide < len(columns) or high < len(lines):
        note('"%s" is shown with %d of its %d rows' % (name, high, len(lines)))
    text = {
        "columns": [shortened(column, LONGEST_CELL) for column in columns[:wide]],
        "names": None if rows is None else [shortened(one, LONGEST_CELL) for one in list(rows)[:high]],
        "rows": [[cell(line[at]) if at < len(line) else None for at in range(wide)] for line in lines[:high]],
    }
    return {"kind": "table", "name": name, "shade": shade}, json.dumps(text).encode()


def lines_of(what):
    """Rows, and the names of their columns or None. One row more than is shown at most."""
    if hasattr(what, "items"):
        columns = [list_of(column) for column in what.values()]
        length = max([len(column) for column in columns] + [0])
        return [[column[at] if at < len(column) else None for column in columns] for at in range(length)], list(what)
    lines = list_of(what)
    if lines and all(hasattr(line, "items") for line in lines):
        names = list(dict.fromkeys(name for line in lines for name in line))
        return [[line.get(name) for name in names] for line in lines], names
    return [list_of(line) for line in lines], None


def list_of(what):
    if pilot_arrays.is_tensor(what):
        what = pilot_arrays.as_array("table", what, "pilot.show")
    if isinstance(what, (str, bytes)) or not hasattr(what, "__iter__"):
        raise TypeError(
            "pilot.show takes a picture (an array of numbers), a figure of matplotlib, or a table (a dict of columns, a "
            "list of dicts, an array with columns), not %s" % type(what).__name__
        )
    return [one.item() if hasattr(one, "item") and getattr(one, "ndim", 1) == 0 else one for one in what]


def cell(value):
    if value is None or isinstance(value, (bool, np.bool_)):
        return None if value is None else bool(value)
    if isinstance(value, numbers.Real):
        number = float(value)
        # Beyond 2^53 a number of JavaScript is another one.
        if isinstance(value, numbers.Integral) and abs(number) < 2**53:
            return int(value)
        return number if math.isfinite(number) and not isinstance(value, numbers.Integral) else str(value)
    return shortened(value, LONGEST_CELL)


# Classification


def counted(y_true, y_pred, labels):
    """(matrix, names): how many rows of each class were taken for which; None for so many that nobody could read it."""
    truth, guess = flat(y_true), indices(y_pred)
    if len(truth) != len(guess):
        raise ValueError("pilot.confusion: %d true labels and %d predicted ones" % (len(truth), len(guess)))
    seen = sorted(set(truth) | set(guess))
    known = seen if labels is None else list(labels)
    if labels is not None and are_whole(seen) and not are_whole(known):
        known = list(range(len(known)))
    if len(known) > MOST_COLUMNS:
        return None
    place = {value: index for index, value in enumerate(known)}
    strange = next((one for one in seen if one not in place), None)
    if strange is not None:
        raise ValueError("pilot.confusion: %r is none of the %d classes" % (strange, len(known)))
    matrix = np.zeros((len(known), len(known)), np.int64)
    np.add.at(matrix, ([place[one] for one in truth], [place[one] for one in guess]), 1)
    return matrix, [str(one) for one in (known if labels is None else labels)]


def are_whole(values):
    return all(isinstance(one, numbers.Integral) for one in values)


def flat(labels):
    array = np.asarray(pilot_arrays.as_array("y", labels, "pilot") if pilot_arrays.is_tensor(labels) else labels)
    array = array.reshape(-1)
    # Labels of a .csv that are whole numbers may come as floats.
    whole = array.dtype.kind == "f" and bool(np.all(array == np.rint(array)))
    return (array.astype(np.int64) if whole else array).tolist()


def indices(predicted):
    """Predicted labels; of scores for each class the best."""
    array = np.asarray(pilot_arrays.as_array("y", predicted, "pilot") if pilot_arrays.is_tensor(predicted) else predicted)
    return flat(array.argmax(1) if array.ndim == 2 and array.shape[1] > 1 else array)


def mistakes(X, y_true, y_pred, labels, count):
    """(pictures or None, rows, captions) of the first rows that were taken for another class."""
    truth, guess = flat(y_true), indices(y_pred)
    wrong = [at for at, (one, other) in enumerate(zip(truth, guess)) if one != other][:count]

    def word(value):
        if labels is not None and isinstance(value, int) and 0 <= value < len(labels):
            return str(labels[value])
        return str(value)

    captions = ["%s, taken for %s" % (word(truth[at]), word(guess[at])) for at in wrong]
    if pilot_arrays.is_tensor(X):
        X = X[wrong].detach().cpu().numpy()
    else:
        X = np.asarray(X)[wrong]
    side = math.isqrt(X.shape[1]) if X.ndim == 2 else 0
    if X.ndim == 2 and side > 2 and side * side == X.shape[1]:
        X = X.reshape(-1, side, side)
    return (X if X.ndim in (3, 4) else None), X, captions
