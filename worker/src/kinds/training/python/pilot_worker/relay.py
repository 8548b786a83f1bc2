"""The relay of a gang's member, a process of its own in the member's box: it listens at the addresses of the others,
and takes each connection to the worker outside over a Unix socket (see gang-link.ts), which takes it to the other's box.

On that socket each connection begins with a line: `to <rank> <port>`, or `wait`, to which the port comes on which
another member calls."""

import os
import socket
import threading
import time

from pilot_worker import processes

BLOCK = 1 << 20
# Rank 0 may be called before it listens.
AGAIN_SECONDS = 0.05
# Calls of others that may come at once.
WAITING = 4


def address(rank):
    return "127.0.1.%d" % (rank + 1)


def listening(rank):
    """Ports on which something in this box listens at the address of `rank`."""
    wanted = "".join("%02X" % int(part) for part in reversed(address(rank).split(".")))
    ports = set()
    with open("/proc/net/tcp") as file:
        for line in file.readlines()[1:]:
            _number, local, _remote, state = line.split()[:4]
            if state == "0A" and local.startswith(wanted + ":"):
                ports.add(int(local.split(":")[1], 16))
    return ports


class Relay:
    """The member's side of it."""

    def __init__(self, control):
        self.control = control
        self.lock = threading.Lock()

    def listen(self, rank, ports):
        """Returns once the relay listens on these ports in place of that member."""
        with self.lock:
            for port in ports:
                self.control.sendall(b"%d %d\n" % (rank, port))
                if self.control.recv(1) != b"+":
                    raise RuntimeError("the relay to the other workers has ended")


def start(about, master_port):
    mine, its = socket.socketpair()
    parent = os.getpid()
    if os.fork() == 0:
        try:
            processes.die_with_parent(parent)
            mine.close()
            keep_only(its.fileno())
            serve(its, about, master_port)
        finally:
            os._exit(0)
    its.close()
    return Relay(mine)


def keep_only(wanted):
    """The pipes of the worker and of the script's log are none of its business."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.closerange(3, wanted)
    os.closerange(wanted + 1, 4096)


def serve(control, about, master_port):
    known = set()
    for _ in range(WAITING):
        threading.Thread(target=take_calls, args=(about,), daemon=True).start()
    if about["rank"] != 0:
        listen(about, 0, master_port)
    for line in control.makefile("rb"):
        rank, port = map(int, line.split())
        if (rank, port) not in known:
            known.add((rank, port))
            listen(about, rank, port)
        control.sendall(b"+")


def listen(about, rank, port):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address(rank), port))
    server.listen(64)
    threading.Thread(target=accept_all, args=(about, server, rank, port), daemon=True).start()


def accept_all(about, server, rank, port):
    while True:
        caller, _ = server.accept()
        threading.Thread(target=call_out, args=(about, caller, rank, port), daemon=True).start()


def call_out(about, caller, rank, port):
    way = outside(about, b"to %d %d\n" % (rank, port))
    join(caller, way)


def outside(about, line):
    way = socket.socket(socket.AF_UNIX)
    way.connect(about["socket"])
    way.sendall(line)
    return way


def take_calls(about):
    while True:
        try:
            way = outside(about, b"wait\n")
        except OSError:
            return  # the worker has closed it: the chunk is over
        port = first_line(way)
        if port is None:
            way.close()
            time.sleep(AGAIN_SECONDS)
            continue
        threading.Thread(target=answer, args=(about, way, port), daemon=True).start()


def first_line(way):
    line = b""
    while not line.endswith(b"\n"):
        byte = way.recv(1)
        if not byte or len(line) > 6:
            return None
        line += byte
    return int(line)


def answer(about, way, port):
    until = time.monotonic() + 600
    while time.monotonic() < until:
        member = socket.socket()
        try:
            member.connect((address(about["rank"]), port))
            return join(member, way)
        except ConnectionRefusedError:
            member.close()
            time.sleep(AGAIN_SECONDS)
    way.close()


def join(one, other):
    """Copies both ways until both have ended."""
    for end in (one, other):
        if end.family == socket.AF_INET:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    back = threading.Thread(target=copy, args=(other, one), daemon=True)
    back.start()
    copy(one, other)
    back.join()
    one.close()
    other.close()


def copy(source, target):
    block = memoryview(bytearray(BLOCK))
    try:
        while True:
            count = source.recv_into(block)
            if count == 0:
                break
            target.sendall(block[:count])
    except OSError:
        pass
    for end, how in ((source, socket.SHUT_RD), (target, socket.SHUT_WR)):
        try:
            end.shutdown(how)
        except OSError:
            pass
