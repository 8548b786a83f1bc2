"""Runs one task of a step of an Open Job Description template.

Called in the folder whose files become the results of the run, with beside it step.json: {"environments": […],
"script": {…}}, as the template says them. Arguments: --param NAME=VALUE, --param64 NAME=BASE64, --task NAME=VALUE,
--path NAME=PLACE=FLOW with a place in that folder, and --results FILE=flat|numbered: what a step before has left.
Ends with the exit code of the action.
"""

import base64
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
SESSION = os.getcwd()
PLACE = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
# What an environment leaves running is spoken to by its tasks, which elsewhere are not begun at once: a moment to begin.
BEGINS_S = 0.5
# What lay there before the action, by its path: (size, time of change).
before = {}


def main():
    with open(os.path.join(HERE, "step.json"), encoding="utf-8") as file:
        step = json.load(file)
    files = tempfile.mkdtemp(prefix="openjd-")
    rules = os.path.join(files, "path-mapping.json")
    with open(rules, "w", encoding="utf-8") as file:
        json.dump({"version": "pathmapping-1.0"}, file)
    scope = {
        "Session.WorkingDirectory": SESSION,
        "Session.HasPathMappingRules": "false",
        "Session.PathMappingRulesFile": rules,
    }
    read_arguments(sys.argv[1:], scope)
    env, entered, code = with_python(dict(os.environ), files), [], 0
    try:
        for number, one in enumerate(step["environments"]):
            own = with_files(one.get("script"), "Env", scope, os.path.join(files, str(number)))
            for name, value in one.get("variables", {}).items():
                env[name] = filled(value, own)
            actions = (one.get("script") or {}).get("actions", {})
            entered.append((actions.get("onExit"), own))
            if "onEnter" in actions:
                code = enter(actions["onEnter"], own, env)
            if code != 0:
                break
        if code == 0:
            own = with_files(step["script"], "Task", scope, os.path.join(files, "task"))
            code = run(step["script"]["actions"]["onRun"], own, env)
    finally:
        for action, own in reversed(entered):
            if action is not None:
                ended = run(action, own, env)
                code = code or ended
        shutil.rmtree(files, ignore_errors=True)
        leave_what_is_new()
    sys.exit(code)


def read_arguments(arguments, scope):
    for flag, said in zip(arguments[::2], arguments[1::2]):
        name, value = said.split("=", 1)
        if flag in ("--param", "--param64"):
            value = base64.b64decode(value).decode() if flag == "--param64" else value
            scope[f"RawParam.{name}"] = value
            scope.setdefault(f"Param.{name}", value)
        elif flag == "--task":
            scope[f"Task.Param.{name}"] = scope[f"Task.RawParam.{name}"] = value
        elif flag == "--results":
            unpack(name, value == "numbered")
        elif flag == "--path":
            place, flow = value.rsplit("=", 1)
            if flow != "IN":
                make_writable(place, flow == "OUTDIR")
            scope[f"Param.{name}"] = os.path.join(SESSION, place)


def filled(text, scope):
    return PLACE.sub(lambda found: scope[found.group(1)], text)


def with_files(script, prefix, scope, folder):
    """The scope with the embedded files of a script, which are written, with what stands in them filled in."""
    own = dict(scope)
    embedded = (script or {}).get("embeddedFiles", [])
    for one in embedded:
        own[f"{prefix}.File.{one['name']}"] = os.path.join(folder, one.get("filename", one["name"]))
    for one in embedded:
        os.makedirs(folder, exist_ok=True)
        path = own[f"{prefix}.File.{one['name']}"]
        with open(path, "w", encoding="utf-8") as file:
            file.write(filled(one["data"], own))
        os.chmod(path, 0o700 if one.get("runnable") else 0o600)
    return own


def with_python(env, files):
    """Debian has no program called "python", which templates and the scripts in them call."""
    if shutil.which("python") is None:
        programs = os.path.join(files, "programs")
        os.mkdir(programs)
        os.symlink(sys.executable, os.path.join(programs, "python"))
        env["PATH"] = programs + os.pathsep + env.get("PATH", os.defpath)
    return env


def run(action, scope, env):
    return carried_out(action, scope, env, None)[0]


def enter(action, scope, env):
    """Runs what begins an environment, which may print variables: openjd_env: NAME=VALUE."""
    code, printed = carried_out(action, scope, env, subprocess.PIPE)
    sys.stdout.write(printed)
    for line in printed.splitlines():
        if line.startswith("openjd_env: "):
            name, value = variable_of(line[len("openjd_env: "):].strip())
            env[name] = value
        elif line.startswith("openjd_unset_env: "):
            env.pop(line[len("openjd_unset_env: "):].strip(), None)
    return code


def variable_of(said):
    """Of NAME=VALUE, or of the same as a text of JSON, for values of several lines."""
    try:
        text = json.loads(said) if said.startswith('"') else said
        name, value = text.split("=", 1)
        return name, value
    except ValueError:
        sys.exit(f"openjd_env: expected NAME=VALUE, or that as a JSON string, and found {said[:200]}")


def carried_out(action, scope, env, stdout):
    """The exit code of an action, and what it printed where that is read."""
    words = [filled(word, scope) for word in [action["command"], *action.get("args", [])]]
    sys.stdout.flush()
    try:
        # A group of its own, so that what it has started ends with it.
        child = subprocess.Popen(words, env=env, cwd=SESSION, stdout=stdout, text=True, start_new_session=True)
    except OSError as error:
        print(f"{words[0]} cannot be run: {error.strerror}.", file=sys.stderr)
        return 127, ""
    try:
        printed, _ = child.communicate(timeout=action.get("timeout"))
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        printed, _ = child.communicate()
        print(f"{words[0]} took longer than the {action['timeout']} s of its template.", file=sys.stderr)
        return 124, printed or ""
    if stdout is not None and is_there(child.pid):
        time.sleep(BEGINS_S)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode, printed or ""


def is_there(group):
    try:
        os.killpg(group, 0)
        return True
    except OSError:
        return False


def make_writable(place, is_folder):
    """Puts a copy in the place of what was sent there, which nobody may write to."""
    top = os.path.join(SESSION, place.split("/")[0])
    if os.path.islink(top):
        sent = os.path.realpath(top)
        os.remove(top)
        if os.path.isdir(sent):
            shutil.copytree(sent, top)
        else:
            shutil.copy(sent, top)
        note(top)
    folder = os.path.join(SESSION, place if is_folder else os.path.dirname(place))
    os.makedirs(folder, exist_ok=True)


def unpack(archive, numbered):
    with zipfile.ZipFile(os.path.join(HERE, archive)) as packed:
        for one in packed.infolist():
            path = one.filename.split("/", 1)[1] if numbered and "/" in one.filename else one.filename
            # What the run before printed.
            if one.is_dir() or path.startswith("pilot."):
                continue
            to = os.path.normpath(os.path.join(SESSION, path))
            if not to.startswith(SESSION + os.sep):
                continue
            make_writable(os.path.relpath(to, SESSION), False)
            with packed.open(one) as source, open(to, "wb") as target:
                shutil.copyfileobj(source, target)
            note(to)


def note(path):
    """What lies there now is no result of this run, unless it is changed."""
    for folder, _, names in os.walk(path) if os.path.isdir(path) else [(os.path.dirname(path), [], [os.path.basename(path)])]:
        for name in names:
            file = os.path.join(folder, name)
            os.chmod(file, os.stat(file).st_mode | stat.S_IWUSR)
            found = os.stat(file)
            before[file] = (found.st_size, found.st_mtime_ns)
        os.chmod(folder, os.stat(folder).st_mode | stat.S_IWUSR)


def leave_what_is_new():
    for file, known in before.items():
        try:
            found = os.lstat(file)
            if (found.st_size, found.st_mtime_ns) == known:
                os.remove(file)
        except FileNotFoundError:
            pass


main()
