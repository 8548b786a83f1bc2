"""Installs the packages of a job, in a box of its own, and packs them into one file. Started by the worker
(make-environment.ts) with one line of JSON on standard input:

    {"nonce",
     "requirements": [line, ...], "wheels": path of a .zip or null, "index": address or null, "socket": path or null, "whole": bool}

A box has no network. Where the owner of the worker lets packages be fetched, a Unix socket leads out of it, to a proxy
that knows the hosts of the index and nobody else (index-proxy.ts); pip finds it on a port of the box's own.

Lines behind the nonce on standard output are messages: {"doing": "Collecting numpy"}, and at the end
{"ok": true, "result": {...}} (EnvironmentResult without its seconds) or {"ok": false, "message"}. All that pip prints
goes to standard error.
"""

import asyncio
import compileall
import importlib.metadata
import json
import os
import pkgutil
import py_compile
import re
import subprocess
import sys
import tarfile
import threading
import zipfile

from pilot_packages.installer import pip_command, pythons

SITE = "site"
WHEELS = "wheels"
PACKED = "environment.tar"
REQUIREMENTS = "requirements.txt"
EXACT = "exact.txt"
REPORT = "report.json"
MOST_WHEELS = 2_000
LONGEST_DOING = 160
BLOCK = 1 << 16


class Problem(Exception):
    """A sentence for the owner of the job."""


class Teller:
    def __init__(self, nonce):
        self.nonce = nonce
        self.out = os.dup(1)
        os.dup2(2, 1)

    def tell(self, message):
        data = ("\n%s %s\n" % (self.nonce, json.dumps(message))).encode()
        while data:
            data = data[os.write(self.out, data) :]

    def doing(self, text):
        self.tell({"doing": "".join(c if c.isprintable() else " " for c in text)[:LONGEST_DOING]})


def lead_out(socket):
    """A port of this box that leads to the proxy outside."""
    ready = threading.Event()
    port = []

    async def copy(reader, writer):
        try:
            while data := await reader.read(BLOCK):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def connect(reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_unix_connection(socket)
        except OSError:
            writer.close()
            return
        await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))

    async def serve():
        server = await asyncio.start_server(connect, "127.0.0.1", 0)
        port.append(server.sockets[0].getsockname()[1])
        ready.set()
        await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
    ready.wait()
    return port[0]


def sources(task):
    """Where pip takes packages from, as its options."""
    found = []
    if task["wheels"] is not None:
        unpack_wheels(task["wheels"])
        found += ["--find-links", WHEELS]
    if task["index"] is None:
        return found + ["--no-index"]
    address = task["index"]
    host = re.match(r"http://([^/]+)", address)
    trusted = [] if host is None else ["--trusted-host", host[1]]
    return found + ["--index-url", address, "--proxy", "http://127.0.0.1:%d" % lead_out(task["socket"])] + trusted


def unpack_wheels(path):
    os.mkdir(WHEELS)
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith((".whl", ".tar.gz"))]
            if not names:
                raise Problem("The file of wheels has no .whl in it.")
            if len(names) > MOST_WHEELS:
                raise Problem("The file of wheels has %d, and %d are the most." % (len(names), MOST_WHEELS))
            for name in names:
                with archive.open(name) as source, open(os.path.join(WHEELS, os.path.basename(name)), "wb") as target:
                    while block := source.read(1 << 20):
                        target.write(block)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise Problem("The file of wheels is no .zip that can be read: %s." % error) from None


def run_pip(command, arguments, teller):
    """Lines that pip printed. Raises Problem with what it said last."""
    said = []
    settings = {"PIP_CONFIG_FILE": os.devnull, "PIP_BREAK_SYSTEM_PACKAGES": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    environment = {**os.environ, **settings, "HOME": os.getcwd()}
    options = ["--disable-pip-version-check", "--no-input", "--no-cache-dir", "--progress-bar", "off", "--retries", "2"]
    with subprocess.Popen(
        command + ["install"] + options + arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        text=True,
        errors="replace",
    ) as child:
        for line in child.stdout:
            line = line.strip()
            if not line:
                continue
            said.append(line[:1_000])
            print(line, file=sys.stderr, flush=True)
            if re.match(r"(Collecting|Downloading|Building|Installing|Processing|Preparing)\b", line):
                teller.doing(line)
    if child.returncode != 0:
        errors = [line for line in said if line.startswith("ERROR: ")]
        raise Problem(" ".join(line[len("ERROR: ") :] for line in errors[-2:]) or (said[-1] if said else "pip ended without a word."))
    return said


def wanted(command, options, whole, teller):
    """What is to be installed, and which modules of the worker's own satisfy a requirement."""
    beside = ["--ignore-installed"] if whole else []
    said = run_pip(command, ["--dry-run", "--report", REPORT, "-r", REQUIREMENTS] + beside + options, teller)
    with open(REPORT) as file:
        report = json.load(file)
    packages = [{"name": one["metadata"]["name"], "version": one["metadata"]["version"]} for one in report["install"]]
    with open(EXACT, "w") as file:
        file.writelines(exactly(one) + "\n" for one in report["install"])
    had = [re.match(r"Requirement already satisfied: ([A-Za-z0-9._-]+)", line) for line in said]
    return packages, modules_of({plain(one[1]) for one in had if one})


def exactly(one):
    """The very file that was chosen, as a line of requirements."""
    hashes = one["download_info"].get("archive_info", {}).get("hashes", {})
    said = ["--hash=%s:%s" % (kind, value) for kind, value in sorted(hashes.items()) if kind in ("sha256", "sha384", "sha512")]
    return " ".join(["%s==%s" % (one["metadata"]["name"], one["metadata"]["version"])] + said)


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def modules_of(distributions):
    found = set()
    for module, owners in importlib.metadata.packages_distributions().items() if distributions else ():
        if not module.startswith("_") and distributions.intersection(map(plain, owners)):
            found.add(module)
    return sorted(found)


def pack():
    """The same packages make the same bytes."""
    compileall.compile_dir(SITE, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)

    def plainly(member):
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = ""
        member.mode = 0o755 if member.isdir() else 0o644
        return member if member.isdir() or member.isreg() else None

    with tarfile.open(PACKED, "w") as archive:
        archive.add(SITE, arcname="", filter=plainly)


def unpack(path):
    """Into the folder `site` of where it is called; plain files and folders alone."""
    os.umask(0o022)
    os.mkdir(SITE)
    with tarfile.open(path, "r:") as archive:
        for member in archive:
            parts = [part for part in member.name.split("/") if part not in ("", ".")]
            if ".." in parts or not (member.isdir() or member.isreg()):
                continue
            target = os.path.join(SITE, *parts)
            if member.isdir():
                os.makedirs(target, exist_ok=True)
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with archive.extractfile(member) as source, open(target, "wb") as file:
                while block := source.read(1 << 20):
                    file.write(block)


def install(task, teller):
    command = pip_command()
    if command is None:
        raise Problem("The Python of this worker has no pip of version 23 or later.")
    with open(REQUIREMENTS, "w") as file:
        file.write("\n".join(task["requirements"]) + "\n")
    os.mkdir(SITE)
    options = sources(task)
    packages, from_worker = wanted(command, options, task["whole"], teller)
    if packages:
        run_pip(command, ["--no-deps", "--no-compile", "--target", SITE, "-r", EXACT] + options, teller)
    teller.doing("Packing")
    modules = sorted({module.name for module in pkgutil.iter_modules([SITE])} | namespaces())
    pack()
    shown = [name for name in modules if not name.startswith("_")]
    return {"python": pythons()[1], "packages": packages, "modules": shown, "fromWorker": from_worker}


def namespaces():
    """Folders without an __init__.py that hold modules."""
    return {
        name
        for name in os.listdir(SITE)
        if name.isidentifier() and any(file.endswith(".py") for _, _, files in os.walk(os.path.join(SITE, name)) for file in files)
    }


def main():
    task = json.loads(sys.stdin.readline())
    teller = Teller(task["nonce"])
    try:
        teller.tell({"ok": True, "result": install(task, teller)})
    except Problem as problem:
        teller.tell({"ok": False, "message": str(problem)})
