"""Lets an ordinary training script run over the shards of a Parallel Pilot farm.

    import pilot
    X, y = pilot.data("digits.npz")
    model = ...
    model.load_state_dict(pilot.weights(model.state_dict()))
    for epoch in pilot.epochs(2):
        ...                              # train on X and y, in batches of pilot.batch
        pilot.report(loss=loss)          # as often as you like
    pilot.finish(model.state_dict(), samples=len(X), metrics={"accuracy": accuracy})

Run by itself, the same script trains on the whole data on this machine and writes model.npz. A farm runs
it once to get the first weights, then for every shard in every round, and once per round with
`pilot.evaluating` true, to measure the merged model on data that no shard has.

Weights are a torch state dict, or a dict, list or tuple of arrays or of such: {"G": G.state_dict(), ...}. Needs
Python 3.8 and numpy; torch only where the script itself uses it.

    pilot.data(path, ...)         the data: see there
    pilot.once(make)              what make() gives of all the data, the same for all shards: see there
    pilot.weights(default)        the weights to start from, like `default`
    pilot.model(model)            the model to train, shared by all workers where the job's mode is ddp; see there
    pilot.rate(lr)                a learning rate of SGD, for this shard's part of the batch: see there
    pilot.keep(optimizer, ...)    what lasts from round to round, such as an optimizer's state: see there
    pilot.epochs(n, keep=None)    0 to n-1, ended by the deadline; nothing while evaluating. `keep`: see there
    pilot.steps(n, keep=None, weights=None)  the rows of each step of n epochs, or of the inner steps of mode diloco
    pilot.report(loss=0.3)        what is shown while it trains
    pilot.finish(weights, samples, metrics, seen)  the result; once. `seen`: how often rows were seen, see there
    pilot.export(model, example)  the model as ONNX, beside the result: see there
    pilot.show(what, name)        a picture, a figure or a table for the job's page: see there
    pilot.confusion(true, predicted)           such a table: which class was taken for which
    pilot.wrong(X, true, predicted)            some rows that were taken for another class
    pilot.param(name, default)    a setting of the job
    pilot.should_stop()           true when the round's deadline is near

    pilot.shard, pilot.shards     this shard, from 0, and how many there are
    pilot.round, pilot.rounds     this round, from 1, and how many there are
    pilot.epoch                   this epoch, from 0, counted over all rounds
    pilot.ends_epoch              this step of pilot.steps is the last of its epoch
    pilot.progress                how much of the whole training is done, from 0 to 1
    pilot.batch                   rows of one step: the job's batch divided by the shards, and after pilot.data
                                  such that no step is left with a single row, which BatchNorm refuses
    pilot.batches(n)              rows in a new order, cut into steps of pilot.batch, none of a single row
    pilot.seed                    the job's; random, numpy and torch are seeded with it already
    pilot.deadline                when the round ends, in Unix seconds, or None
    pilot.evaluating              the script is to measure, not to train
    pilot.local_data              folder that the shard's worker lends as its data (--local-data), or None
    pilot.classes                 names of the classes, to which integer labels are indices, or None

By itself it reads these from the environment, each with a default: PILOT_DATA (wins over the paths in the
script; several as in PATH), PILOT_TEST (a file to measure on), PILOT_LABEL, PILOT_MISSING, PILOT_DROP and
PILOT_ENCODE (names with commas between), PILOT_SPLIT (blocks keeps the order), PILOT_GROUP, PILOT_BATCH (32),
PILOT_SEED (0), PILOT_ROUNDS (1: how often `epochs` repeats its n), PILOT_INNER_STEPS (of a round),
PILOT_PARAM_<NAME>, PILOT_WEIGHTS (an .npz, .safetensors or .pt to start from), PILOT_FITTING (1: of these the arrays
that fit), PILOT_EVALUATE (1: measure only), PILOT_LOCAL_DATA (a folder of
data, as a worker would lend it), PILOT_OUT (folder of model.npz), PILOT_METRICS (a file that gets the
metrics as JSON).
"""

import atexit
import csv
import json
import math
import numbers
import os
import random
import shutil
import sys
import tempfile
import time
import typing

import numpy as np
import pilot_arrays
import pilot_data
import pilot_onnx
import pilot_seen
import pilot_show
import pilot_start
import pilot_state
import pilot_steps

_env = os.environ.get
shard = 0
shards = 1
round = 1
rounds = 1
epoch = 0
progress = 0.0
ends_epoch = False
batch = int(_env("PILOT_BATCH") or 32)
seed = int(_env("PILOT_SEED") or 0)
deadline = None
evaluating = (_env("PILOT_EVALUATE") or "0") not in ("", "0", "false")
classes = None
local_data = _env("PILOT_LOCAL_DATA") or None

_MOST_NAMES = 16
_LONGEST_NAME = 32


class _Alone:
    """What stands behind the functions when there is no farm. The farm puts an object of its own in its place."""

    training = not evaluating
    batch = batch
    share = 1.0  # of the batch
    repeats = int(_env("PILOT_ROUNDS") or 1)
    label = _env("PILOT_LABEL") or None
    missing = _env("PILOT_MISSING") or "refuse"
    drop = next(csv.reader([_env("PILOT_DROP") or ""]), [])
    encode = next(csv.reader([_env("PILOT_ENCODE") or ""]), [])
    split = _env("PILOT_SPLIT") or "shuffled"
    group = _env("PILOT_GROUP") or None
    stop_at = None
    inner_steps = int(_env("PILOT_INNER_STEPS") or 0) or None  # of a round, in mode diloco
    seeds = [seed]
    whole = None
    epochs_before = 0  # in the rounds before this one
    epochs_of_round = 0  # as far as the rounds before tell
    fitting = (_env("PILOT_FITTING") or "0") not in ("", "0", "false")

    def __init__(self):
        self.started = time.monotonic()
        self.printed = -math.inf
        self.fraction = None

    def data_files(self, paths):
        """The files of the data, and that to measure on or None."""
        if local_data is not None:
            return pilot_data.files_in(local_data), _env("PILOT_TEST") or None
        chosen = _env("PILOT_DATA").split(os.pathsep) if _env("PILOT_DATA") else paths
        if not chosen:
            raise ValueError('pilot.data: name the file, as in pilot.data("digits.npz"), or set PILOT_DATA')
        return [os.fspath(path) for path in chosen], _env("PILOT_TEST") or None

    def unpacked(self, source, unpack):
        folder = tempfile.mkdtemp(prefix="pilot-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        unpack(source, folder)
        return folder

    def param(self, name):
        return _env("PILOT_PARAM_" + name, _env("PILOT_PARAM_" + name.upper()))

    def weights(self, default):
        path = _env("PILOT_WEIGHTS")
        return dict(pilot_start.begin(path, default, self.fitting, os.path.basename(path))[0] if path else default)

    def once(self, make):
        return make()

    def model(self, model):
        return model

    def part(self, loaded, count):
        return loaded, count

    def bring_back(self, things, first, merged):
        """Alone there is one round."""

    def resume(self, loop, keep, count, unit):
        return 0

    def epoch(self, index, count):
        self.fraction = index / count

    def between(self, loop, keep, done, count):
        """An epoch is over, or a step of pilot.steps."""

    def hands_in_after(self, total, weights):
        return None, None

    def step(self, share, detail=None):
        """A step begins, after this share of an epoch."""
        self.fraction = share if detail else self.fraction

    def report(self, fraction, values):
        if time.monotonic() - self.printed < 1:
            return
        self.printed = time.monotonic()
        share = self.fraction if fraction is None else fraction
        print("pilot:", "" if share is None else "%3.0f %%" % (share * 100), _words(values), file=sys.stderr)

    def export(self, model, example):
        folder = _env("PILOT_OUT") or "."
        os.makedirs(folder, exist_ok=True)
        pilot_onnx.save(os.path.join(folder, "model.onnx"), model, example)

    def shows(self, every_shard):
        return True

    def exhibit(self, about, data):
        folder = os.path.join(_env("PILOT_OUT") or ".", "shown")
        os.makedirs(folder, exist_ok=True)
        ending = "json" if about["kind"] == "table" else "png"
        with open(os.path.join(folder, "%s.%s" % (about["name"].replace(os.sep, "_"), ending)), "wb") as file:
            file.write(data)

    def finish(self, arrays, samples, metrics, _seen):
        folder = _env("PILOT_OUT") or "."
        if not evaluating:
            os.makedirs(folder, exist_ok=True)
            pilot_arrays.save_npz(os.path.join(folder, "model.npz"), arrays)
        seconds = time.monotonic() - self.started
        print("pilot: %s (%g samples, %.1f s)" % (_words(metrics) or "no metrics", samples, seconds))
        if _env("PILOT_METRICS"):
            with open(_env("PILOT_METRICS"), "w") as file:
                json.dump({"metrics": metrics, "samples": samples, "seconds": seconds}, file)


_run: typing.Any = _Alone()  # or what the farm puts in its place
_start = None  # name -> (shape, dtype) of the weights that the script was given
_samples = {}  # name -> what the script has there, for its type
_rows = None
_finished = False
_given: typing.Any = None  # what pilot.weights gave
_lasting = []  # what lasts from round to round on this shard
_shared = []  # what is merged at the end of the round, and lasts
_loops = 0  # of epochs that were begun
_planned = 0  # epochs of the loops that were begun
_loop = (0, 0, 0)  # epochs before the loop, the one that it is at, how many it has
_asked = set()  # names of parameters
_not_finite = set()  # names of figures
_rated = False  # pilot.rate was asked


def data(path=None, *more):
    """The data of this run; its rows are shuffled, the same way every time, unless the job keeps their order.

    .npz    its arrays as a tuple, labels last; a single array as it is
    .csv    (X, y): numbers, and the column of labels
    .jsonl  a list of dicts
    .zip    (paths, labels) of a folder with one folder of files for each class

    Where workers lend their own (pilot.local_data), it is all .npz, .csv, .jsonl or .zip of that folder, which
    have one format; its labels are numbers, or texts of pilot.classes, which the script sets before.

    Several files of one format and with the same columns are read as one. While evaluating, the rows are those of the
    job's test set (PILOT_TEST), or of a part of the data for that, where there is one.

    Labels are found by the job's setting "label" (PILOT_LABEL), or by names such as label, target and y;
    in a .csv they are the last column otherwise. Labels that are text become indices into pilot.classes.
    What becomes of missing values and of columns of text in a .csv is set by "missing", "drop" and "encode".
    """
    global _rows, batch, classes
    _seed_libraries()
    reading = pilot_data.Reading(_run, seed, evaluating, classes, isinstance(_run, _Alone))
    files, test = _run.data_files([one for one in (path, *more) if one is not None])
    whole, count = pilot_data.read(files, test, reading)
    loaded, _rows = _run.part(whole, count)
    classes = reading.classes
    batch = _undivided(_rows, _run.batch)
    return loaded


def batches(count=None, size=None):
    """Arrays of indices, one after another: `count` rows (those of pilot.data) in a new order, `size` (pilot.batch) at a
    time. A single row that would be left over joins the step before. It has a length, and is what a DataLoader of torch takes
    as its batch_sampler, in a new order each time:

        loader = DataLoader(dataset, batch_sampler=pilot.batches())"""
    count = _counted(count, "pilot.batches")
    places = pilot_steps.cuts(count, max(1, int(batch if size is None else size)))

    def begin():
        order = np.random.permutation(count)
        for start, end in zip(places, places[1:]):
            _come_to(start / count)
            _run.step(start / count)
            yield order[start:end]

    return pilot_steps.Sampler(begin, lambda: len(places) - 1)


def _counted(count, what):
    count = _rows if count is None else count
    if count is None:
        raise RuntimeError("%s has to know how many rows there are: call pilot.data before, or give it count" % what)
    return count


def _undivided(rows, size):
    """The size of a step nearest to `size` that leaves no single row over."""
    if size < 2 or rows < 2:
        return size
    near = (size + way * step for step in range(rows) for way in (1, -1))
    return next(one for one in near if one > 1 and rows % one != 1)


def weights(default):
    """The weights to start from, in the container, types and device of `default`, which names and shapes them."""
    global _start, _samples, _given
    _seed_libraries()
    named = pilot_arrays.named(default, "pilot.weights")
    _samples = dict(pilot_arrays.pairs(default, "pilot.weights"))
    given = _run.weights(named)
    _start = {name: (array.shape, array.dtype) for name, array in given.items()}
    _check_fit(dict(named), "The script's model does not fit the weights of this round: ")
    _given = pilot_arrays.like(default, given)
    for thing in _lasting + _shared:
        _refuse_weights(thing)
    return _given


def once(make):
    """What `make()` gives, made once for the whole training and the same for all shards: a vocabulary, a scaler.

        X, y = pilot.data("houses.csv")
        mean, scale = pilot.once(lambda: (X.mean(0), X.std(0)))

    A farm calls `make` on one worker, before the first round, where pilot.data gives the rows of all shards, in memory at
    once; of what is held out, or a test set, it gives none. In every other run this returns what came of it. To be called
    before pilot.weights, in every run alike, as often as you like. It may give arrays, tensors, numbers, text, None,
    dicts, lists and tuples of these, and scikit-learn estimators that hold no more than that."""
    return _run.once(make)


def model(model):
    """The model to train: in a job of mode ddp torch's DistributedDataParallel around it, by which all workers take each
    step together and have the same weights after it; else the model itself. Call it once the weights are loaded and
    before the optimizer is made:

        model = pilot.model(model)
        optimizer = torch.optim.Adam(model.parameters())

    Its state_dict has the model's own names either way. Then pilot.data gives each worker its part of the rows, and
    pilot.batch is each worker's part of the job's. Every worker has to come to each step: what one skips, the others
    wait for."""
    return _run.model(model)


def keep(*things, merge=None):
    """What lasts from round to round: it is brought back here, at the start of the shard's next round, on whichever
    worker that runs. Call it once these are made, before the epochs:

        pilot.keep(optimizer, scheduler, scaler)

    Takes objects with state_dict and load_state_dict, scikit-learn estimators (without their coefficients, which are
    weights), generators of random numbers, arrays, and dicts and lists of these, of numbers and of text. Arrays, dicts
    and lists are filled in their place. Each shard has its own; the model is not among them, since it is merged.

    merge="mean": after a round all shards go on from the same, as from the weights: from the mean of floating-point
    numbers, weighted by samples, and from the largest of integers. All else has to be the same in all of them. The second
    moments of torch's Adam, AdamW, NAdam and RAdam are those that steps of the whole batch would have made: for these
    take it."""
    if merge not in (None, "mean"):
        raise ValueError('pilot.keep: merge is None, or "mean", not %r' % (merge,))
    lasting = [thing for thing in things if thing is not None]
    pilot_state.check(lasting, "pilot.keep", merge is not None)
    for thing in lasting:
        _refuse_weights(thing)
    known = _lasting if merge is None else _shared
    _run.bring_back(lasting, len(known), merge is not None)
    known.extend(lasting)


def _refuse_weights(thing):
    """Brought back after the merge, they would undo it."""
    if _start is None:
        return
    held = getattr(thing, "state_dict", dict)() if hasattr(thing, "parameters") else {}
    shapes = [(str(name), tuple(np.shape(value))) for name, value in held.items() if not isinstance(value, dict)]
    ends = [name[: -len(shapes[0][0])] for name in _start if name.endswith(shapes[0][0])] if shapes else []
    if thing is _given or any(all(_start.get(end + name, (None,))[0] == shape for name, shape in shapes) for end in ends):
        raise ValueError(
            "pilot.keep: %s holds the weights that are merged, and what was kept would undo that. Keep the optimizer "
            "and the like; of a copy of the model, keep a dict: pilot.keep({\"copy\": copy.state_dict()})."
            % type(thing).__name__
        )


def rate(lr):
    """The learning rate of SGD for this shard's part of the batch:

        optimizer = torch.optim.SGD(model.parameters(), lr=pilot.rate(0.1), momentum=0.9)

    `lr` is what suits one machine with the whole batch. Gradients of a part of it are noisier, and with a rate of that size a
    shard may diverge before the merge can average anything. So here it is `lr` times the root of the part, by which a step
    varies as much as with the whole batch (Hoffer, Hubara and Soudry, arXiv 1705.08741, section 4): half of it on four shards.
    Alone and in mode ddp, where a step has the whole batch, it is `lr`. Optimizers that divide by the size of gradients, such
    as Adam, bound their steps themselves: leave their rate as it is."""
    global _rated
    _rated = True
    return lr * math.sqrt(_run.share)


def epochs(count, keep=None):
    """Counts epochs from 0 and tells the progress. Ends early at the deadline; without a farm it runs
    PILOT_ROUNDS times as many, which is what the rounds of a farm add up to.

    `keep` is what an epoch goes on from beside all that pilot.keep was given: the model, or whatever else that takes,
    one or a list of them. With it a shard that is taken back for urgent work, or moved to a faster machine, goes on
    after its last epoch; random, numpy and torch go on with the same numbers."""
    global _loops, _planned, _loop
    if not _run.training:
        return
    if _run.inner_steps is not None:
        raise RuntimeError("mode diloco counts steps: loop over pilot.steps(n), in place of pilot.epochs and pilot.batches")
    loop, _loops = _loops, _loops + 1
    things = None if keep is None else pilot_state.items(keep)
    pilot_state.check(things or [], "pilot.epochs")
    total = count * _run.repeats
    before, _planned = _planned, _planned + total
    for index in range(0 if things is None else _run.resume(loop, things, total, "epoch"), total):
        if should_stop():
            return
        _loop = (before, index, total)
        _come_to(0)
        _run.epoch(index, total)
        yield index
        if things is not None:
            _run.between(loop, things, index + 1, total)
    _loop = (before, total, total)
    _come_to(0)
    if total > 0:
        _run.epoch(total, total)


def steps(epochs=1, keep=None, count=None, weights=None):
    """Yields the rows of one step after another, pilot.batch indices at a time: of so many epochs, each in a new order.

        for rows in pilot.steps(2, keep=model):
            ...                              # one step on X[rows], y[rows]
            if pilot.ends_epoch:
                scheduler.step()

    A round has so many epochs; in mode diloco it has the job's inner steps instead, and goes on in the data where the
    round before ended. `count` rows are those of pilot.data. Ends early at the deadline, between any two steps; `keep` is
    that of pilot.epochs, with checkpoints between steps. It has a length, and may be the batch_sampler of a DataLoader of torch
    without workers of its own (num_workers=0), which would be ahead of what is trained.

    In a job with --overlap the weights are handed in some steps before the end of a round: `weights` is a function that gives
    them by then, as they are given to pilot.finish, such as weights=model.state_dict. A script with one model that it gave to
    pilot.model needs none."""
    return pilot_steps.Sampler(lambda: _steps(epochs, keep, count, weights), lambda: _plan_of_steps(epochs, count)[1])


def _plan_of_steps(epochs, count):
    """The rows of each step, and how many steps this run has."""
    if not _run.training:
        return None, 0
    plan = pilot_steps.Steps(_counted(count, "pilot.steps"), max(1, int(batch)), [seed, shard])
    return plan, (_run.inner_steps or epochs * plan.of_epoch) * _run.repeats


def _steps(epochs, keep, count, weights):
    global _loops, _planned, _loop, epoch, progress, ends_epoch
    if not _run.training:
        return
    inner = _run.inner_steps
    if inner is not None and _loops > 0:
        raise RuntimeError("mode diloco: loop over pilot.steps once in a round")
    loop, _loops = _loops, _loops + 1
    things = None if keep is None else pilot_state.items(keep)
    pilot_state.check(things or [], "pilot.steps")
    plan, total = _plan_of_steps(epochs, count)
    all_epochs = 0 if inner else epochs * _run.repeats
    before, _planned = _planned, _planned + all_epochs
    first = (round - 1) * inner if inner else (_run.epochs_before + before) * plan.of_epoch
    early, trained = _run.hands_in_after(total, weights)
    if early is not None:
        _arrays_of(trained(), "pilot.steps: weights: ")  # told before the training, not after it
    start = 0 if things is None else _run.resume(loop, things, total, "step")
    for done in range(start, total):
        if should_stop():
            return
        at, place, rows = plan.at(first + done)
        ends_epoch = place == plan.of_epoch - 1
        share = place / plan.of_epoch
        if inner:
            epoch, progress = at, max(progress, (round - 1 + done / total) / rounds)
            if done == 0:
                _run.epoch(0, 1)
            _run.step(done / total, "Step %d of %d" % (done + 1, total))
        else:
            _loop = (before, done // plan.of_epoch, all_epochs)
            _come_to(share)
            if place == 0:
                _run.epoch(_loop[1], all_epochs)
            _run.step(share)
        yield rows
        if done + 1 == early:
            _run.hand_in(_arrays_of(trained(), "pilot.steps: weights: "), early)
        if things is not None:
            _run.between(loop, things, done + 1, total)
    ends_epoch = False
    if inner:
        epoch, progress = (first + total) // plan.of_epoch, round / rounds
        _run.step(1, "Step %d of %d" % (total, total))
    elif total > 0:
        _loop = (before, all_epochs, all_epochs)
        _come_to(0)
        _run.epoch(all_epochs, all_epochs)


def _come_to(share):
    """Says where the training is: `share` of the epoch under way."""
    global epoch, progress
    before, index, total = _loop
    if total == 0:
        return
    epoch = _run.epochs_before + before + index
    part = (before + min(index + share, total)) / max(before + total, _run.epochs_of_round)
    # A loop that nobody knew of makes what was done a smaller part of the whole.
    progress = max(progress, (round - 1 + part) / rounds)


def should_stop():
    """True when the round's deadline is so near that the script should come to its pilot.finish."""
    return _run.stop_at is not None and time.time() >= _run.stop_at


def report(fraction=None, **values):
    """Shows figures while the script runs. `fraction`, from 0 to 1, is how much is done, where
    pilot.epochs does not tell. Cheap; what is not a finite number is left out."""
    if fraction is not None:
        fraction = min(1.0, max(0.0, float(fraction)))
    _run.report(fraction, _figures(values, "pilot.report"))


def finish(weights, samples=None, metrics=None, seen=None):
    """Hands over the trained weights. `samples`, the rows trained on, are their weight in the merge and are
    the rows of pilot.data by default; `metrics` are figures such as {"accuracy": 0.97}. To be called once.

    `seen` has the rows of an embedding merged by how often each shard saw them in this round, in place of `samples`: one
    number for each row (first axis), finite and not negative, for arrays by the names that they have in model.npz.

        pilot.finish(model.state_dict(), seen={"embedding.weight": np.bincount(tokens.ravel(), minlength=vocabulary)})

    A row that no shard saw stays as the round started with it. Every shard names the same arrays. Not in jobs with --clip,
    --noise, --secure or --trim; without effect alone, while evaluating and in mode ddp."""
    global _finished
    if _finished:
        raise RuntimeError("pilot.finish was called a second time")
    if _start is None:
        raise RuntimeError(
            "pilot.finish was called without pilot.weights, so each round would start from nothing. "
            "Load pilot.weights(...) into the model first."
        )
    arrays = _arrays_of(weights, "pilot.finish: ")
    samples = _rows if samples is None else float(samples)
    if samples is None or not samples > 0 or not math.isfinite(samples):
        raise ValueError("pilot.finish: samples has to say how many rows were trained on")
    counts = pilot_seen.checked(seen, _start)
    _run.finish(arrays, samples, _figures(metrics or {}, "pilot.finish"), counts)
    _finished = True


def export(model, example):
    """Has the result as model.onnx too: torch traces the model with `example`, a tensor such as X[:1], or a tuple of what
    the model takes. The first axis may have any length then. It is done for the best model, once, when it is measured
    last; in a round it costs nothing."""
    _run.export(model, example)


def show(what, name=None, rows=None, columns=None, captions=None, every_shard=False):
    """Shows a picture, a figure or a table on the job's page, by its name, round by round: the newest of each name.

    An array with two axes, or three of which one has 3 colours, is a picture: uint8, or numbers from 0 to 1 (others are
    stretched to that). Several of one size, a batch or a list, are shown beside each other, with `captions` under them or
    numbered. A figure of matplotlib is drawn by itself. A dict of columns, a list of dicts, a data frame, and an array for
    which `rows` or `columns` name something, are a table.

    It is shown for the merged model, while it is measured, and for shard 0; with `every_shard` for each. There is room for
    16 names in a round, with 2048 x 2048 pixels or 20,000 cells each, and 8 MB together: what is larger is made smaller,
    what is more is left out, and the log says so."""
    if _run.shows(every_shard):
        name = None if name is None else pilot_show.named(name)
        _exhibit(*pilot_show.made(what, name, rows, columns, captions, lambda line: _note("pilot.show: " + line)))


def confusion(y_true, y_pred, labels=None, name="confusion", every_shard=False):
    """Shows how many rows of each class were taken for which: a table with a row for each true class and a column for
    each predicted one. `y_pred` may be scores, a column for each class. `labels` are names of the classes, pilot.classes by
    default."""
    if not _run.shows(every_shard):
        return
    counted = pilot_show.counted(y_true, y_pred, classes if labels is None else labels)
    if counted is None:
        _note("pilot.confusion: there are more than %d classes; it is left out" % pilot_show.MOST_COLUMNS)
        return
    matrix, names = counted
    _exhibit(*pilot_show.table(matrix, pilot_show.named(name), names, names, _note, shade=True))


def wrong(X, y_true, y_pred, labels=None, name="wrong", count=16, every_shard=False):
    """Shows the first rows that were taken for another class: as pictures where they are some, or squares of as many
    numbers, else as a table."""
    if not _run.shows(every_shard):
        return
    count = min(int(count), pilot_show.MOST_TILES)
    pictures, rows, captions = pilot_show.mistakes(X, y_true, y_pred, classes if labels is None else labels, count)
    if not captions:
        return
    if pictures is None:
        show(rows if rows.ndim == 2 else rows[:, None], name, rows=captions, every_shard=every_shard)
    else:
        show(pictures, name, captions=captions, every_shard=every_shard)


def _exhibit(about, data):
    why = _run.exhibit(about, data)
    if why is not None:
        _note('pilot.show: there are %s; "%s" is left out' % (why, about["name"]))


def param(name, default=None):
    """A setting of the job by its name, in the type of `default`, or `default`."""
    _asked.add(str(name))
    value = _run.param(name)
    if value is None or default is None or isinstance(value, type(default)) and not isinstance(value, bool):
        return default if value is None else value
    if isinstance(default, bool):
        return value if isinstance(value, bool) else str(value).lower() in ("1", "1.0", "true", "yes", "on")
    if isinstance(default, int) and float(value) != int(float(value)):
        raise ValueError("the parameter %s is %s, and the script expects a whole number" % (name, value))
    return int(float(value)) if isinstance(default, int) else type(default)(value)


# Seeds


_seeded = set()


def _seed_libraries():
    """Seeds each library once; torch as soon as the script has imported it."""
    number = int(np.random.SeedSequence(_run.seeds).generate_state(1)[0])
    for name, how in (
        ("random", random.seed),
        ("numpy", np.random.seed),
        ("torch", getattr(sys.modules.get("torch"), "manual_seed", None)),
    ):
        if how is not None and name not in _seeded:
            _seeded.add(name)
            how(number)


# What the run began with


def _seen_by_script(name, array):
    """An array as the script has it: in bfloat16 for instance, which keeps less of it."""
    return pilot_arrays.as_array(name, pilot_arrays.typed_as(_samples[name], array), "pilot.weights")


def _arrays_of(weights, prefix):
    """[(name, array)] of trained weights, which are like those at the start."""
    named = pilot_arrays.named(weights, prefix.split(":")[0])
    _check_fit(dict(named), prefix)
    arrays = [(name, np.asarray(array, _start[name][1], order="C")) for name, array in named]
    pilot_arrays.check_finite(arrays)
    return arrays


def _check_fit(arrays, prefix):
    for name, (shape, dtype) in _start.items():
        if name not in arrays:
            raise ValueError('%sthe array "%s" is missing' % (prefix, name))
        array = arrays[name]
        if array.shape != shape:
            raise ValueError('%s"%s" has the shape %s, not %s' % (prefix, name, array.shape, shape))
        # A script may compute in float64 what started as float32; an integer is not a float, though.
        if array.dtype != dtype and not array.dtype.kind == dtype.kind == "f":
            raise ValueError('%s"%s" has the type %s, not %s' % (prefix, name, array.dtype, dtype))
    extra = next((name for name in arrays if name not in _start), None)
    if extra is not None:
        raise ValueError('%sthe array "%s" was not among the weights at the start' % (prefix, extra))


# Figures


_noted = set()


def _figures(values, what):
    """Finite numbers by name, few and shortly named; for what is left out a line says so, once."""
    figures = {}
    for name, value in values.items():
        if hasattr(value, "item") and getattr(value, "size", 1) in (0, 1) or hasattr(value, "detach"):
            value = value.item()
        if not isinstance(value, numbers.Real):
            raise TypeError("%s: %s is not a number but %s" % (what, name, type(value).__name__))
        if not math.isfinite(value):
            _not_finite.add(str(name)[:_LONGEST_NAME])
            _note("%s: %s is %s; it is left out" % (what, name, value))
        elif len(figures) == _MOST_NAMES:
            _note("%s: more than %d figures; the others are left out" % (what, _MOST_NAMES))
        else:
            figures[pilot_show.shortened(name, _LONGEST_NAME) or "value"] = float(value)
    return figures


def _note(line):
    if line not in _noted and len(_noted) < 100:
        _noted.add(line)
        print("pilot:", line, file=sys.stderr)


def _words(figures):
    return "  ".join("%s %.4g" % item for item in figures.items())


@atexit.register
def _remind():
    if not isinstance(_run, _Alone):
        return
    given = [name for name in os.environ if name.startswith("PILOT_PARAM_")]
    for name in given if _start is not None else []:
        if not any(name in ("PILOT_PARAM_" + one, "PILOT_PARAM_" + one.upper()) for one in _asked):
            print("pilot: %s is set, and the script never asked for it" % name, file=sys.stderr)
    if _start is not None and not _finished:
        print("pilot: the script ended without calling pilot.finish(...)", file=sys.stderr)


_seed_libraries()
