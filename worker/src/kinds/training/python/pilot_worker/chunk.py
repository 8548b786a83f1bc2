"""One chunk, in a fork of the zygote: runs the script, merges, or both; what came of it as one dict."""

import os
import runpy
import shutil
import sys
import time
import zipfile
import zlib

import pilot_data

from pilot_worker import failures, merge, merge_state
from pilot_worker.farm_run import FarmRun, FirstWeights, Preempted


def run_chunk(task, board):
    """{"ok": True, "result": {...}} or {"ok": False, "code": ..., "message": ...}"""
    started = time.monotonic()
    try:
        result = STAGES[task["stage"]](task, board)
    except Preempted:
        return {"ok": False, "preempted": True}
    except failures.Failure as told:
        return {"ok": False, "code": told.code, "message": str(told)}
    except MemoryError:
        return {"ok": False, "code": "out-of-memory", "message": "The worker ran out of memory for this chunk."}
    except OSError as error:
        failure = failures.explain(error, task["script"])
        return {"ok": False, "code": failure.code, "message": str(failure)}
    result.setdefault("seconds", time.monotonic() - started)
    return {"ok": True, "result": result}


def initialize(task, board):
    return run_script(task, board)


def train(task, board):
    return run_script(task, board)


def merge_updates(task, board):
    merged = os.path.join(task["work"], "weights.npz")
    states = [(state["shard"], state["path"], state["samples"]) for state in task["states"]]

    def showing(start, end):
        return lambda share: board.show(
            {"fraction": start + share * (end - start), "detail": "Merging", "values": {}}
        )

    try:
        parameters = merge.merge(
            task["merge"],
            base=task["weights"],
            updates=[(update["path"], update["samples"]) for update in task["updates"]],
            target=merged,
            summed=task["sum"],
            momentum=task["momentum"],
            new_momentum=os.path.join(task["work"], "momentum.npz"),
            progress=showing(0, 0.25 if states else 0.5),
        )
        if states:
            target = os.path.join(task["work"], "shared.npz")
            merge_state.merge(states, task["merge"]["trim"], target, showing(0.25, 0.5))
    except UNREADABLE as error:
        raise failures.Failure("bad-update", "An update cannot be read: %s" % failures.describe(error)) from None
    # What is measured is what was merged.
    return dict(measure(dict(task, weights=merged), board), parameters=parameters)


# What numpy raises for a file that is no .npz, is cut short or damaged.
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, TypeError, AttributeError, KeyError)


def evaluate(task, board):
    return measure(task, board)


STAGES = {"initialize": initialize, "train": train, "merge": merge_updates, "evaluate": evaluate}


def measure(task, board):
    if not task["measures"]:
        return {"metrics": None}
    measured = run_script(task, board)
    # Rows are counted where they are not the farm's.
    counted = {"samples": measured["samples"]} if task["local"] is not None else {}
    return dict(counted, **{name: measured[name] for name in ("metrics", "shown", "exported", "learned")})


def laid_out(task):
    """The script, and the folder of its own files or None. It is started in that folder, as its author does."""
    if task["code"] is None:
        return task["script"], None
    root = task["run"]
    try:
        pilot_data.unpack(task["code"], root)
    except UNREADABLE as error:
        raise failures.Failure("script-error", "The files beside the script cannot be read: %s" % failures.describe(error)) from None
    script = os.path.join(root, *task["context"]["entry"].split("/"))
    os.makedirs(os.path.dirname(script), exist_ok=True)
    shutil.copyfile(task["script"], script)
    for folder in (root, os.path.dirname(script)):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    return script, root


def run_script(task, board):
    """Runs the user's script as `python3 script.py` would."""
    os.environ.update(task["environment"])
    run = FarmRun(task, board)
    script, root = laid_out(task)
    sys.argv[:] = [script]
    started = time.monotonic()
    try:
        runpy.run_path(script, run_name="__main__")
    except FirstWeights:
        pass
    except Preempted:
        raise
    except SystemExit as leaving:
        if leaving.code not in (None, 0):
            if task["local"] is not None:
                raise failures.explain_without_words(leaving, script) from None
            raise failures.left(leaving.code) from None
    except BaseException as error:
        if task["stage"] == "initialize" and run.result is not None:
            # What a script that catches everything does after its first weights tells nothing about it.
            return run.result
        if task["local"] is not None:
            failures.print_places(error, script, root)
            raise failures.explain_without_words(error, script) from None
        failures.print_own_frames(error, script, root)
        raise failures.explain(error, script) from None
    if run.result is None:
        raise failures.unfinished(run)
    run.result["seconds"] = time.monotonic() - started
    run.result["shown"] = run.exhibits.write(os.path.join(task["work"], "shown.bin"))
    run.result["exported"] = run.exported
    return run.result
