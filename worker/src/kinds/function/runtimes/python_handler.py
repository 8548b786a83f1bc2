"""Runs a handler: loads it once, then takes calls as lines of JSON and answers each. Runs in the sandbox, beside the handler."""
import io
import json
import os
import sys
import threading
import time
from typing import TextIO, cast

# What the handler prints, also past Python, must not reach the stream that answers go through.
_answers = os.fdopen(os.dup(1), "wb", buffering=0)
os.dup2(2, 1)
_lock = threading.Lock()
_here = threading.local()
# The first line that the worker says: what stands before each message, and how long an answer in one may be.
nonce = b""
longest = 0
MOST_PRINTED = 65536


class Context:
    """What a handler is told of a call beside its event."""

    def __init__(self, facts, seconds):
        self.call_id = facts.get("call")
        self.function = facts.get("function")
        self.version = facts.get("version")
        self.attempt = facts.get("attempt")
        self.idempotency_key = facts.get("idempotencyKey")
        self._until = time.monotonic() + seconds

    def remaining_ms(self):
        return max(0, round(1000 * (self._until - time.monotonic())))


class Printed(io.TextIOBase):
    """Takes what is printed to the call in whose thread that is."""

    encoding = "utf-8"

    def writable(self):
        return True

    def write(self, text):
        left = getattr(_here, "room", MOST_PRINTED)
        if left > 0 and text:
            _here.room = left - len(text)
            say({"print": text[:left], "call": getattr(_here, "call", None)})
        return len(text)


def say(message):
    line = nonce + json.dumps(message).encode() + b"\n"
    with _lock:
        _answers.write(line)


def load(path, packages):
    folder = os.path.dirname(path)
    # Its own files go before its packages, and these before what the worker has.
    sys.path[:1] = [folder, packages] if packages else [folder]
    import importlib.util

    name = os.path.splitext(os.path.basename(path))[0]
    try:
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    except SyntaxError as error:
        return None, f"The handler has a syntax error: {error.msg} ({os.path.basename(error.filename or path)}, line {error.lineno})."
    except BaseException as error:
        return None, f"The handler could not be loaded: {told(error, path)}"
    handle = getattr(module, "handle", None)
    if not callable(handle):
        return None, f"{os.path.basename(path)} has no function handle(event, context)."
    return handle, None


def told(error, path):
    """One line, with the line of the handler's folder that it came from. The whole is printed, from the handler on."""
    import traceback

    folder = os.path.dirname(path)
    lines = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(folder)]
    where = f" ({os.path.relpath(lines[-1].filename, folder)}, line {lines[-1].lineno})" if lines else ""
    rest = error.__traceback__
    while rest is not None and not rest.tb_frame.f_code.co_filename.startswith(folder):
        rest = rest.tb_next
    traceback.print_exception(type(error), error, rest)
    return f"{type(error).__name__}: {error}"[:1500] + where


def answer(handle, path, message):
    call = message["call"]
    _here.call, _here.room = call, MOST_PRINTED
    try:
        try:
            event, problem = event_of(message)
            if problem is not None:
                return say({"call": call, "ok": False, "code": "event-not-json", "message": problem})
            result = handle(event, Context(message["context"], message["seconds"]))
            if hasattr(result, "__await__"):
                import asyncio

                result = asyncio.run(awaited(result))
        except BaseException as error:
            return say({"call": call, "ok": False, "code": "handler-error", "message": told(error, path)})
        try:
            text = json.dumps(result, allow_nan=False, separators=(",", ":"))
        except (TypeError, ValueError, RecursionError) as error:
            return say({"call": call, "ok": False, "code": "not-json", "message": f"The handler's answer is not JSON: {error}"[:1500]})
        if len(text) > message["most"]:
            told_so = f"The handler's answer has {len(text)} bytes as JSON, and {message['most']} are the most."
            return say({"call": call, "ok": False, "code": "answer-too-large", "message": told_so})
        if len(text) > longest:
            try:
                with open(message["answerFile"], "w", encoding="ascii") as file:
                    file.write(text)
            except OSError as error:
                return say({"call": call, "ok": False, "code": "handler-error", "message": f"The answer could not be written: {error}"})
            return say({"call": call, "ok": True, "left": True})
        say({"call": call, "ok": True, "answer": text})
    finally:
        _here.call = None


def event_of(message):
    if "eventFile" not in message:
        return json.loads(message["event"]), None
    # Nobody has looked into a large one before.
    try:
        with open(message["eventFile"], encoding="utf-8") as file:
            return json.load(file), None
    except (ValueError, RecursionError) as error:
        return None, f"The event is not JSON: {error}"[:1500]


async def awaited(result):
    return await result


def main():
    global nonce, longest
    first = json.loads(sys.stdin.buffer.readline())
    nonce, longest = first["nonce"].encode() + b" ", first["longest"]
    sys.stdout = sys.stderr = cast(TextIO, Printed())
    source, sys.argv = sys.stdin.buffer, [first["handler"]]
    # Nobody but this reads calls.
    sys.stdin = io.StringIO()
    handle, problem = load(first["handler"], first["packages"])
    if problem is not None:
        say({"broken": problem})
        return
    say({"ready": True})
    if first["concurrency"] == 1:
        for line in source:
            answer(handle, first["handler"], json.loads(line))
        return
    import queue

    calls = queue.SimpleQueue()

    def work():
        while True:
            answer(handle, first["handler"], calls.get())

    for _ in range(first["concurrency"]):
        threading.Thread(target=work, daemon=True).start()
    for line in source:
        calls.put(json.loads(line))


main()
