"""What stands behind the functions of `pilot` while a chunk runs on a farm. See pilot._Alone for its shape."""

import hashlib
import json
import math
import os
import shutil
import sys
import time

import numpy as np
import pilot
import pilot_arrays
import pilot_data
import pilot_onnx
import pilot_seen
import pilot_show
import pilot_start
import pilot_state

from pilot_worker import ahead, deltas, failures, gang, moments, optimizers, summed
from pilot_worker.history import History

MOST_CACHED_FILES = 50_000
# Between two checkpoints that nobody asked for pass so many seconds, and so many times what the last one took.
LEAST_PAUSE = 5.0
SHARE_OF_SAVING = 50


class FirstWeights(BaseException):
    """Ends a script that was run for its first weights only. No Exception: scripts catch those."""


class Preempted(BaseException):
    """Ends a script that has left a checkpoint, as it was asked to."""


def read_table(files, _test, reading):
    """The shard of a .csv: a table of numbers, the label in its last column."""
    table = np.concatenate([np.load(source, allow_pickle=False) for source in files])
    order = reading.order(len(table))
    X, y = table[order, :-1], table[order, -1]
    whole = reading.run.whole or reading.classes is not None
    return (X, y.astype(np.int64) if whole else y), len(order)


pilot_data.READERS[".npy"] = read_table


class FarmRun:
    def __init__(self, task, board):
        context = task["context"]
        self.task = task
        self.stage = task["stage"]
        self.board = board
        self.history = History()
        self.training = self.stage == "train"
        self.label = context["label"]
        self.batch = context["batch"]
        # One machine, and workers that take every step together, have the whole batch in it.
        self.share = min(1.0, context["batch"] / (context["wholeBatch"] or context["batch"]))
        self.repeats = context["repeats"]
        self.whole = context["wholeLabels"]
        self.split = context["split"]
        self.group = None  # the farm's shards are without it
        self.local = self.task["local"]
        reading = context["local"]
        if reading is not None:
            # Nobody has decided anything by the whole of the data: this shard's decides.
            self.whole = None
            self.missing, self.drop, self.encode = (reading[name] for name in ("missing", "drop", "encode"))
        self.seeds = [context["seed"]]
        if self.stage != "initialize":
            self.seeds += [context["round"], task["shard"]]
        # Of those that its rounds had, as many as come in this one, as far as anybody knows.
        self.epochs_before = context["epoch"]
        self.epochs_of_round = context["epoch"] / (context["round"] - 1) if context["round"] > 1 else 0
        self.inner_steps = context["innerSteps"]
        self.stop_at = None
        self.result = None
        self.shown = {}
        self.exhibits = pilot_show.Shown()
        self.exported = None
        self.detail = ""
        self.kept = 0.0
        self.saved_at = time.monotonic()
        self.saving = 0.0
        self.onces = 0  # calls of pilot.once
        self.made_once = []
        self.saved_once = None
        self.moments = []  # that are merged
        self.overlap = context["overlap"]
        self.models = []  # of pilot.model
        self.handed_in = None  # the step after which the update was, when more followed
        self.gang = None if task["gang"] is None or not self.training else gang.Gang(task["gang"])
        self.join(context)

    def join(self, context):
        pilot._run = self
        pilot._seeded.clear()
        pilot.shard = self.task["shard"]
        pilot.round = max(1, context["round"])
        for name in ("rounds", "shards", "batch", "seed", "classes"):
            setattr(pilot, name, context[name])
        if self.gang is not None:
            pilot.shard, pilot.shards = self.gang.rank, self.gang.size
            self.batch = pilot.batch = max(1, self.batch // self.gang.size)
            self.seeds[-1] = self.gang.rank
        if self.task["classes"] is not None:
            with open(self.task["classes"], encoding="utf-8") as file:
                pilot.classes = json.load(file)
        pilot.local_data = self.local
        pilot.evaluating = self.stage in ("merge", "evaluate")
        pilot.epoch = context["epoch"]
        pilot.progress = (context["round"] if pilot.evaluating else pilot.round - 1) / context["rounds"]
        seconds = context["deadlineSeconds"]
        if seconds is not None and self.training:
            pilot.deadline = time.time() + seconds
            # Writing and sending the update takes its time too.
            self.stop_at = pilot.deadline - min(5, seconds / 10)
        pilot._seed_libraries()
        optimizers.watch()

    def data_files(self, _paths):
        optimizers.watch()
        if self.task["parts"]:
            return self.task["parts"], None
        if self.local is not None:
            return pilot_data.files_in(self.local), None
        if self.task["data"] is None:
            raise ValueError(
                "pilot.data: this training has no data. Give it with --data, or let the script make or read its own: "
                "its part is pilot.shard of pilot.shards, and while pilot.evaluating what the model is measured on."
            )
        return [self.task["data"]], None

    def unpacked(self, source, unpack):
        """What was unpacked of the same file before."""
        path = self.cache_path(source)
        if not os.path.isdir(path):
            self.store(lambda target: unpack(source, target), path)
        return path

    def cache_path(self, source):
        """Names the file by what it is on this disk."""
        seen = os.stat(source)
        parts = [seen.st_ino, seen.st_size, seen.st_mtime_ns]
        name = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
        return os.path.join(self.task["cache"], name)

    def store(self, write, path):
        """Under its final name only once it is whole: the next chunk may find what a killed one left."""
        os.makedirs(self.task["cache"], exist_ok=True)
        partial = path + ".part"
        remove(partial)
        write(partial)
        make_room(self.task["cache"], partial)
        os.rename(partial, path)

    def param(self, name):
        return self.task["context"]["params"].get(name)

    def weights(self, default):
        optimizers.watch()
        if self.stage != "initialize":
            if self.training:
                # A seed of the script's own, said before its model is made, would draw the same in every round and shard:
                # in mode ddp each worker of a GAN the same noise. From here on numbers are this shard's again.
                pilot._seeded.clear()
                pilot._seed_libraries()
            given = dict(pilot_arrays.load_npz(self.task["weights"]))
            return ahead.gone_on(given, self.left()) if self.training and self.overlap else given
        started, start = None, self.task["start"]
        if start is not None:
            default, started = pilot_start.begin(start["path"], default, start["fitting"], start["fileName"])
        pilot._start = {name: (array.shape, array.dtype) for name, array in default}
        pilot_arrays.check_finite(default)
        pilot_arrays.save_npz(os.path.join(self.task["work"], "weights.npz"), default)
        self.result = {"parameters": sum(array.size for _name, array in default), "started": started}
        if self.made_once:
            pilot_state.save_values(os.path.join(self.task["work"], "once.npz"), self.made_once)
            self.result["once"] = len(self.made_once)
        raise FirstWeights

    def once(self, make):
        place, self.onces = self.onces, self.onces + 1
        if self.stage == "initialize":
            if self.task["data"] is not None:
                raise RuntimeError(
                    "pilot.once is not named in the script or the files beside it, so only a shard of the data is here. "
                    "Call it by that name."
                )
            value = make()
            pilot_state.check_values(value)
            self.made_once.append(value)
            return value
        if self.saved_once is None and self.task["once"] is not None:
            self.saved_once = pilot_state.load_values(self.task["once"])
        if place >= len(self.saved_once or []):
            raise RuntimeError(
                "pilot.once was called %d times before pilot.weights when the first weights were made, and is called once "
                "more here. Call it before pilot.weights, in every run alike." % len(self.saved_once or [])
            )
        return self.saved_once[place]

    def model(self, model):
        if self.gang is not None:
            return self.gang.model(model)
        self.models.append(model)
        return model

    def part(self, loaded, count):
        return (loaded, count) if self.gang is None else self.gang.part(loaded, count, self.task["context"]["split"] == "blocks")

    def epoch(self, index, count):
        self.history.epoch(index, count)
        self.detail = "Epoch %d of %d" % (min(index + 1, count), count)
        self.show()

    def bring_back(self, things, first, merged):
        """What the shard's round before this one ended with, or all of them; `first` things were brought back already."""
        path = self.task["shared" if merged else "kept"]
        if path is not None:
            pilot_state.Saved(path).restore(things, first)
        if merged and self.training:
            self.moments += moments.begin(things, self.share)

    def resume(self, loop, things, count, unit):
        """The epoch or the step with which a loop goes on: where an earlier run of the shard left it."""
        checkpoint = self.task["checkpoint"]
        if self.gang is not None:
            checkpoint = self.gang.newest(checkpoint, os.path.join(self.task["work"], "from.npz"))
        if checkpoint is None:
            return 0
        left = pilot_state.Saved(checkpoint)
        if left.about["loop"] != loop:
            return count if loop < left.about["loop"] else 0
        left.restore(self.in_checkpoint(things))
        self.history.restore(left.about["history"])
        self.shown = left.about["shown"]
        self.kept = left.about["done"] / count
        if left.about["handedIn"] is not None:
            ahead.put_back(self.task["work"], left.last())
            self.handed_in = left.about["handedIn"]
            self.show()
        if self.gang is not None:
            # The file is one member's: each goes on with random numbers of its own.
            self.seeds = [self.task["context"]["seed"], left.about["done"], self.gang.rank]
            pilot._seeded.clear()
            pilot._seed_libraries()
        print("pilot: goes on after %s %d of %d" % (unit, left.about["done"], count), file=sys.stderr)
        return left.about["done"]

    def in_checkpoint(self, things):
        """What an epoch goes on from: these, what lasts over rounds anyway, and random numbers."""
        lasting = pilot._lasting + pilot._shared
        return [*lasting, *(one for one in things if all(one is not other for other in lasting)), pilot_state.random_states()]

    def between(self, loop, things, done, count):
        """An epoch or a step is over: leaves a checkpoint where it is asked for, and one now and then that costs little."""
        asked = self.board.is_asked_to_end()
        now = time.monotonic()
        if done == count or not asked and now - self.saved_at < max(LEAST_PAUSE, self.saving * SHARE_OF_SAVING):
            return
        about = {"loop": loop, "done": done, "history": self.history.state(), "shown": self.shown, "handedIn": self.handed_in}
        handed_in = [] if self.handed_in is None else [ahead.files(self.task["work"])]
        pilot_state.save(os.path.join(self.task["work"], "checkpoint.npz"), self.in_checkpoint(things) + handed_in, about)
        self.saved_at = time.monotonic()
        self.saving = self.saved_at - now
        if asked:
            raise Preempted
        self.kept = done / count
        self.show()

    def hands_in_after(self, total, weights):
        """The step of a round after which the update is handed in, though more follow, and what gives the weights by then."""
        # After the last round there is none that the steps could count in.
        if not self.overlap or pilot.round == pilot.rounds:
            return None, None
        return max(1, total - self.overlap), ahead.weights_of(weights, self.models)

    def hand_in(self, arrays, done):
        """The update, and what is merged: from now on they are on their way while the script goes on."""
        self.save_update(arrays, {})
        moments.put_back(self.save_shared())
        self.handed_in = done
        self.show()

    def step(self, share, detail=None):
        self.history.step(share)
        self.detail = detail or self.detail
        self.show()

    def report(self, fraction, values):
        self.history.report(fraction, values)
        for name, value in values.items():
            self.shown.pop(name, None)
            self.shown[name] = value
        while len(self.shown) > pilot._MOST_NAMES:
            del self.shown[next(iter(self.shown))]
        self.show()

    def show(self):
        rows = pilot._rows
        fraction = self.history.shown(math.ceil(rows / pilot.batch) if rows else 0)
        handed_in = self.handed_in is not None
        shown = {"fraction": fraction, "detail": self.detail, "values": self.shown}
        self.board.show({**shown, "kept": self.kept, "handedIn": handed_in})

    def export(self, model, example):
        """What cannot be exported is told with the result: the training is done by then."""
        if self.stage != "evaluate":
            return
        path = os.path.join(self.task["work"], "model.onnx")
        self.exported = {"problem": None}
        try:
            pilot_onnx.save(path, model, example)
        except Exception as error:
            remove(path)
            self.exported["problem"] = failures.describe(error)[:500]

    def shows(self, every_shard):
        return self.stage == "merge" or self.training and (every_shard or pilot.shard == 0)

    def exhibit(self, about, data):
        return self.exhibits.put(about, data)

    def finish(self, arrays, samples, metrics, seen):
        if self.stage == "initialize":
            raise FirstWeights  # a script that catches everything went on
        self.result = {"samples": samples, "metrics": metrics}
        self.result["params"] = sorted(pilot._asked)[:64]
        self.result["notFinite"] = sorted(pilot._not_finite)[:16]
        if self.training:
            if self.gang is not None:
                self.gang.finish()
                seen = {}  # there is one update
            if seen and not self.task["context"]["countsRows"]:
                raise ValueError(pilot_seen.REFUSED)
            lasting = pilot._lasting + self.save_rest(arrays, seen)
            if lasting:
                about = {"left": len(lasting) > len(pilot._lasting)}
                pilot_state.save(os.path.join(self.task["work"], "kept.npz"), lasting, about)
            self.result["kept"] = len(lasting)
            self.result["shared"] = len(pilot._shared)
            self.result["epochs"] = pilot._planned
            self.result["handedInEarly"] = self.handed_in is not None
            if self.inner_steps is not None and pilot._loops == 0:
                raise RuntimeError("mode diloco counts steps, and the script did not loop over pilot.steps(n)")
            self.result["optimizers"] = optimizers.begin_anew(pilot._lasting + pilot._shared)
            self.result["unrated"] = self.share < 1 and not pilot._rated and optimizers.made("SGD")
            self.result["history"] = self.history.points()
            return
        self.result["learned"] = self.learned(arrays)

    def learned(self, arrays):
        """The first of the running statistics that changed while the model was measured, or None; no weight may."""
        first = None
        start = dict(pilot_arrays.load_npz(self.task["weights"]))
        for name, array in arrays:
            if np.array_equal(array, pilot._seen_by_script(name, start[name])):
                continue
            if not deltas.STATISTICS.search(name):
                raise RuntimeError(
                    "The script changed the weights while the merged model was only being measured. The first changed array "
                    'is "%s". Loop over pilot.epochs(n), or skip the training when pilot.evaluating is true.' % name
                )
            first = first or name[:500]
        return first

    def save_rest(self, arrays, seen):
        """What is not handed in yet; what is to be kept of that for the shard's next round, as a list."""
        if self.handed_in is None:
            self.save_shared()
            return self.save_update(arrays, seen)
        if seen:
            raise ValueError(ahead.NO_COUNTS)
        start = dict(pilot_arrays.load_npz(self.task["weights"]))
        path = os.path.join(self.task["work"], "update.npz")
        return [ahead.unsent(path, self.task["context"]["compress"], arrays, start)]

    def save_shared(self):
        """What is merged of the state, with the moments of the whole batch; gives the shard's own."""
        if not pilot._shared:
            return []
        own = [pair for one in self.moments for pair in one.end()]
        pilot_state.check_finite(pilot._shared)
        pilot_state.save(os.path.join(self.task["work"], "shared.npz"), pilot._shared, None)
        return own

    def left(self):
        """What the shard's rounds before have left unsent, as `deltas.save` gives it."""
        if self.task["kept"] is None:
            return {}
        saved = pilot_state.Saved(self.task["kept"])
        return saved.last() if saved.about and saved.about["left"] else {}

    def save_update(self, arrays, seen):
        """As the job has it sent; what is to be kept of it for the shard's next round, as a list."""
        path = os.path.join(self.task["work"], "update.npz")
        if self.task["context"]["secure"]:
            start = dict(pilot_arrays.load_npz(self.task["weights"]))
            summed.save_change(os.path.join(self.task["work"], "change.bin"), arrays, start)
            return []
        how = self.task["context"]["compress"]
        counts = [(pilot_seen.PREFIX + name, array) for name, array in seen.items()]
        if how == "none":
            pilot_arrays.save_npz(path, arrays + counts)
            return []
        # With overlap the round began with what was left, and has it in it.
        left = {} if self.overlap else self.left()
        start = dict(pilot_arrays.load_npz(self.task["weights"]))
        return [deltas.save(path, how, arrays, start, left, counts, self.task["context"]["sparsify"])]


def make_room(cache, newest):
    """Forgets the oldest once there are many files: they count as the job's."""
    entries = sorted(os.scandir(cache), key=lambda entry: entry.stat().st_mtime)
    sizes = {entry.path: count_files(entry.path) for entry in entries}
    for entry in entries:
        if len(sizes) <= 8 and sum(sizes.values()) <= MOST_CACHED_FILES:
            return
        if entry.path != newest:
            remove(entry.path)
            del sizes[entry.path]


def count_files(path):
    return sum(1 + len(names) for _at, _folders, names in os.walk(path)) if os.path.isdir(path) else 1


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        os.unlink(path)
