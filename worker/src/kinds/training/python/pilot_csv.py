"""Reads a .csv as the farm does: client-backend/src/kinds/training/split/csv-survey.ts, and its csv-format.ts,
say the same, docs/training.md says it in words, and tests/training-data compares the two."""

import csv
import io
import os
import re

import numpy as np

DELIMITERS = (",", ";", "\t", "|")
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
SAMPLE_BYTES = 65536
SAMPLE_RECORDS = 20
MOST_VALUES = 1000
LONGEST_NUMBER = 64
NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][-+]?[0-9]+)?")
MISSING = {"", "NA", "N/A", "#N/A", "<NA>", "NaN", "nan", "NAN", "NULL", "null", "?"}
LABELS = ("label", "labels", "target", "targets", "class", "y", "Y")


def read(files, test=None, label=None, missing="refuse", drop=(), encode=(), group=None):
    """(rows, rows of `test` or None, kind). Rows are (X, labels): floats in a row for each row of the files, and their
    labels as texts, whole numbers or floats; `kind` is "text", "whole" or "measured"."""
    csv.field_size_limit(2**31 - 1)
    survey, records = surveyed(files, label, missing, drop, encode, group)
    survey.check()
    measured = None
    if test is not None:
        own, others = surveyed([test], survey.label.name, missing, drop, encode, group)
        survey.check_test(own)
        measured = table(survey, others, own.name)
    rows = table(survey, records, survey.name)
    kind = survey.kind()
    if test is not None and kind == "text":
        unknown = sorted(set(measured[1].tolist()) - set(rows[1].tolist()))
        check_known(unknown, own.name, survey.name)
    return rows, measured, kind


def surveyed(files, label, missing, drop, encode, group):
    name = name_of(files)
    names = [os.path.basename(source) for source in files]
    delimiters = [find_delimiter(source, own) for source, own in zip(files, names)]
    for own, delimiter in zip(names, delimiters):
        if delimiter != delimiters[0]:
            one, another = ("a tab" if one == "\t" else '"%s"' % one for one in (delimiters[0], delimiter))
            raise ValueError('"%s" has %s between its cells, and "%s" %s.' % (own, another, names[0], one))
    survey = Survey(name, delimiters[0], label, missing, list(drop), list(encode), group)
    records = []
    for cells, line, own in records_of_all(files, names, delimiters[0], label):
        survey.take(cells, line, own)
        records.append(cells)
    return survey, records


def name_of(files):
    return os.path.basename(files[0]) + (" and %d more" % (len(files) - 1) if len(files) > 1 else "")


def records_of_all(files, names, delimiter, label):
    """As if the files were one: a header that a later one repeats is left out."""
    first = None
    for source, name in zip(files, names):
        begun = False
        for cells, line in read_records(source, name, delimiter):
            repeats = not begun and first is not None and repeats_header(first, (cells, name), delimiter, label)
            begun = True
            first = first or (cells, name)
            if not repeats:
                yield cells, line, name


def repeats_header(first, begin, delimiter, label):
    headed = is_header(first[0], delimiter, label)
    if headed and first[0] == begin[0]:
        return True
    if len(first[0]) == len(begin[0]) and not (headed and is_header(begin[0], delimiter, label)):
        return False
    raise ValueError(other_columns((*first, headed), (*begin, headed)))


def other_columns(one, other):
    """Each is (cells, name of the file, whether it has a header)."""
    begin = '"%s" has other columns than "%s"' % (other[1], one[1])
    if len(one[0]) != len(other[0]):
        count = ["%d %s" % (len(cells), "column" if len(cells) == 1 else "columns") for cells, _name, _header in (other, one)]
        return "%s: %s, not %s." % (begin, *count)
    if one[2] != other[2]:
        return "%s: %s has a header." % (begin, "the second" if one[2] else "the first")
    at = next(index for index, (own, its) in enumerate(zip(one[0], other[0])) if own != its)
    return '%s: the column %d is "%s", not "%s".' % (begin, at + 1, cut(other[0][at]), cut(one[0][at]))


def cut(text):
    """60 characters, as JavaScript counts them."""
    return text.encode("utf-16-le")[:120].decode("utf-16-le", "ignore")


def check_known(unknown, name, other):
    """`unknown`: labels of the test set, sorted, that no row to train on has."""
    if not unknown:
        return
    shown = ", ".join('"%s"' % cut(label) for label in unknown[:5])
    more = " and %s more" % format(len(unknown) - 5, ",") if len(unknown) > 5 else ""
    what = "a label" if len(unknown) == 1 else "labels"
    raise ValueError('"%s" has %s that "%s" does not have: %s%s.' % (name, what, other, shown, more))


def table(survey, records, name):
    rows = [row for row in map(survey.row, records[1:] if survey.header else records) if row is not None]
    if not rows:
        raise ValueError('No row of "%s" is left: each lacks a value.' % name)
    X = np.array([features for features, _label in rows], dtype=float).reshape(len(rows), survey.width())
    labels = [own for _features, own in rows]
    if survey.kind() == "text":
        return X, np.array(labels, dtype=str)
    return X, np.array([number(own, survey.delimiter)[0] for own in labels], dtype=float)


def find_delimiter(source, name):
    with open(source, "rb") as file:
        start = file.read(SAMPLE_BYTES + 1)
    text = start[:SAMPLE_BYTES].decode("utf-8", "replace")
    if len(start) > SAMPLE_BYTES:
        text = text[: max(text.rfind("\n"), text.rfind("\r"))]
    text = text[1:] if text.startswith("\ufeff") else text
    if not text.strip("\ufeff \t\r\n"):
        raise ValueError('"%s" has no rows.' % name)
    best, most = ",", -1.0
    for delimiter in DELIMITERS:
        records = first_records(text, name, delimiter)
        width = len(records[0]) if records else 0
        if width < 2 or any(len(record) != width for record in records):
            continue
        cells = [cell for record in records[1:] for cell in record]
        numbers = sum(number(cell, delimiter) is not None for cell in cells) / len(cells) if cells else 0
        if numbers > most:
            best, most = delimiter, numbers
    return best


def first_records(text, name, delimiter):
    records = []
    try:
        for cells, _line in records_of(io.StringIO(text, newline=""), name, delimiter):
            records.append(cells)
            if len(records) == SAMPLE_RECORDS:
                break
    except ValueError:
        pass
    return records


def read_records(source, name, delimiter):
    width = None
    try:
        with open(source, newline="", encoding="utf-8-sig") as file:
            for cells, line in records_of(file, name, delimiter):
                width = len(cells) if width is None else width
                if len(cells) != width:
                    has = "%d %s" % (len(cells), "cell" if len(cells) == 1 else "cells")
                    raise ValueError('Line %d of "%s" has %s, and the first row has %d.' % (line, name, has, width))
                yield cells, line
    except UnicodeDecodeError:
        raise ValueError('"%s" is not text in UTF-8. Save it as "CSV UTF-8".' % name) from None


def records_of(lines, name, delimiter):
    """(cells, line) of every record that is not empty. Stricter than the csv module: a quote stands around a whole
    cell, or doubled within one."""
    raw = []

    def remembered():
        for line in lines:
            raw.append(line)
            yield line

    cell = r'(?:"(?:[^"]|"")*"|[^"%s\r\n]*)' % re.escape(delimiter)
    sound = re.compile(r"%s(?:%s%s)*[\r\n]*" % (cell, re.escape(delimiter), cell))
    reader = csv.reader(remembered(), delimiter=delimiter, strict=True)
    while True:
        del raw[:]
        try:
            cells = next(reader, None)
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise ValueError('A quote in "%s" is never closed.' % name) from None
            raise ValueError('Line %d of "%s" has a quote in the wrong place.' % (reader.line_num, name)) from None
        if cells is None:
            return
        text = "".join(raw)
        if '"' in text and not sound.fullmatch(text):
            raise ValueError('Line %d of "%s" has a quote in the wrong place.' % (reader.line_num, name))
        if cells:
            yield [one.strip(" \t") for one in cells], reader.line_num


def number(cell, delimiter):
    """(value, decimal sign or None) of a finite number; a comma is a decimal sign where it does not part cells."""
    if len(cell) > LONGEST_NUMBER or not NUMBER.fullmatch(cell):
        return None
    sign = "," if "," in cell else "." if "." in cell else None
    if sign == "," and delimiter == ",":
        return None
    value = float(cell.replace(",", "."))
    return None if np.isinf(value) else (value, sign)


def is_header(cells, delimiter, label):
    if label is not None and number(label, delimiter) is None and label in cells:
        return True
    return not any(number(cell, delimiter) is not None or cell != "" and cell in MISSING for cell in cells)


class Column:
    def __init__(self, name):
        self.name = name
        self.text = self.comma = self.missing = None  # (line, cell, name of the file)
        self.total = 0.0
        self.count = 0
        self.values = set()


class Survey:
    def __init__(self, name, delimiter, label, missing, drop, encode, group):
        self.name, self.delimiter = name, delimiter
        self.wanted, self.policy, self.drop, self.encode, self.group = label, missing, drop, encode, group
        self.header = None
        self.columns = []
        self.label = None
        self.rows = self.points = self.commas = self.unlabelled = 0
        self.fractions = False

    def take(self, cells, line, name):
        if self.header is None and self.begin(cells):
            return
        self.rows += 1
        for column, cell in zip(self.columns, cells):
            self.look(column, cell, (line, cell, name))
        self.unlabelled += cells[self.place] in MISSING

    def begin(self, cells):
        """True when the first record is no row."""
        self.header = is_header(cells, self.delimiter, self.wanted)
        names = cells if self.header else [str(index + 1) for index in range(len(cells))]
        for name in [name for name in (self.wanted, self.group) if name is not None] + self.drop + self.encode:
            if name != "*" and name not in names:
                known = (
                    "it has " + ", ".join(names[:20])
                    if self.header
                    else "it has no header, and they are called 1 to %d" % len(names)
                )
                what = " for the label" if name == self.wanted else " for the group" if name == self.group else ""
                raise ValueError('"%s" has no column "%s"%s; %s.' % (self.name, name, what, known))
        found = self.wanted
        if found is None and self.header:
            found = next((name for name in LABELS if name in names), None)
        self.place = len(names) - 1 if found is None else names.index(found)
        self.columns = [Column(name) for name in names]
        self.label = self.columns[self.place]
        self.grouped = None if self.group is None else self.columns[names.index(self.group)]
        if self.grouped is self.label:
            raise ValueError(
                'The column "%s" of "%s" is the label: rows are not kept together by it.' % (self.label.name, self.name)
            )
        if self.label.name in self.drop + self.encode:
            raise ValueError(
                'The column "%s" of "%s" is the label: it is neither dropped nor encoded.' % (self.label.name, self.name)
            )
        return self.header

    def look(self, column, cell, found):
        if cell in MISSING:
            column.missing = column.missing or found
            return
        if len(column.values) <= MOST_VALUES:
            column.values.add(cell)
        if column is self.grouped or column.name in self.drop or column.name in self.encode:
            return
        read = number(cell, self.delimiter)
        if read is None:
            column.text = column.text or found
            return
        value, sign = read
        if sign == ".":
            self.points += 1
        if sign == ",":
            self.commas += 1
            column.comma = column.comma or found
        column.total += value
        column.count += 1
        if column is self.label and not (value.is_integer() and abs(value) < 2**53):
            self.fractions = True

    def text_in(self, column):
        return column.text or (column.comma if self.points else None)

    def use_of(self, column):
        if column is self.label:
            return "label"
        if column is self.grouped or column.name in self.drop:
            return "drop"
        if column.name in self.encode:
            return "encode"
        if self.text_in(column) is None:
            return "number"
        return "drop" if "*" in self.drop else "encode" if "*" in self.encode else "text"

    def kind(self):
        return "text" if self.text_in(self.label) else "measured" if self.fractions else "whole"

    def check(self):
        if self.rows == 0:
            raise ValueError('"%s" has no rows.' % self.name)
        problem = self.problem()
        if problem is not None:
            raise ValueError(problem)
        self.uses = [(index, column, self.use_of(column)) for index, column in enumerate(self.columns)]
        self.sorted = {index: sorted(column.values) for index, column, use in self.uses if use == "encode"}

    def check_test(self, test):
        """Raises where rows to measure on, all of which `test` has seen, have other columns than these."""
        test.check()
        one, other = (([column.name for column in of.columns], of.name, of.header) for of in (self, test))
        if one[0] != other[0] or one[2] != other[2]:
            raise ValueError(other_columns(one, other))
        for column, its in zip(self.columns, test.columns):
            use, text = self.use_of(column), test.text_in(its)
            if text is not None and (use == "number" or use == "label" and self.text_in(column) is None):
                raise ValueError(
                    'The column "%s" of "%s" holds text, "%s" in line %d, and that of "%s" numbers.'
                    % (column.name, test.name, cut(text[1]), text[0], self.name)
                )
        self.fractions = self.fractions or test.fractions

    def problem(self):
        texts = [column for column in self.columns if self.use_of(column) == "text"]
        if texts:
            return self.text_problem(texts)
        for column in self.columns:
            if self.use_of(column) == "encode" and len(column.values) > MOST_VALUES:
                return (
                    'The column "%s" of "%s" holds more than %s different texts, too many to encode. '
                    "Name it in drop to leave it out." % (column.name, self.name, format(MOST_VALUES, ","))
                )
        if self.policy != "refuse":
            return None
        if self.label.missing:
            line, cell, name = self.label.missing
            has = "1 row has" if self.unlabelled == 1 else "%s rows have" % format(self.unlabelled, ",")
            return (
                'Line %d of "%s" has no label: the column "%s" says "%s". %s no label. '
                "Set missing to drop to leave such rows out." % (line, name, self.label.name, cell, has)
            )
        lacking = [column for column in self.columns if self.use_of(column) == "number" and column.missing]
        if not lacking:
            return None
        first = min(lacking, key=lambda column: column.missing[0])
        line, cell, name = first.missing
        more = "" if len(lacking) == 1 else ", as has one of %d columns in others" % len(lacking)
        return (
            'Line %d of "%s" has no value in the column "%s": it says "%s"%s. Set missing to drop (leave such rows out), '
            "mean or zero (fill the cells in), or keep (hand them to the script as NaN)."
            % (line, name, first.name, cell, more)
        )

    def text_problem(self, texts):
        line, cell, name = self.text_in(texts[0])
        others = ", ".join('"%s"' % column.name for column in texts[1:11]) + (" and more" if len(texts) > 11 else "")
        more = " So do %s." % others if others else ""
        return (
            'The column "%s" of "%s" holds text: "%s" in line %d.%s Name such columns in drop to leave them out, '
            "or in encode to make a column of 0 and 1 for each of their values."
            % (texts[0].name, name, cut(cell), line, more)
        )

    def width(self):
        return sum(len(self.sorted.get(index, ())) + (use == "number") for index, _column, use in self.uses)

    def row(self, cells):
        """(features, label), or None for a row that is left out."""
        own = cells[self.place]
        if own in MISSING:
            return None
        features = []
        for index, column, use in self.uses:
            if use == "encode":
                features += [float(value == cells[index]) for value in self.sorted[index]]
            elif use == "number":
                if cells[index] not in MISSING:
                    features.append(number(cells[index], self.delimiter)[0])
                elif self.policy == "drop":
                    return None
                else:
                    features.append(self.filling(column))
        return features, own

    def filling(self, column):
        if self.policy == "mean":
            return column.total / column.count if column.count else 0.0
        return 0.0 if self.policy == "zero" else float("nan")
