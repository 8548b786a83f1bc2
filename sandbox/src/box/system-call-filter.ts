import { endianness } from 'node:os';
import { LAST_KNOWN, numberOf, PROCESSORS, type Processor, type SystemCall } from './system-calls.ts';

/**
 * A seccomp filter for children, as bubblewrap takes it (`--seccomp`): a
 * program of classic BPF, `struct sock_filter` after `struct sock_filter` in
 * the machine's byte order, that is run by the kernel at each system call.
 * Null for a processor whose calls are not known here (see PROCESSORS).
 *
 * It refuses what Docker refuses a container without capabilities, and what
 * Flatpak refuses an application: other namespaces, mounts, keys, other
 * processes' memory, and the parts of the kernel in which most holes were
 * found. What neither knows yet it refuses too. A program gets an error as
 * from a kernel built without the call. Calls of another processor mode (32
 * bits) end the process.
 *
 * The format and its pitfalls: https://docs.kernel.org/userspace-api/seccomp_filter.html
 * Docker: https://github.com/moby/profiles/blob/main/seccomp/default.json
 * Flatpak: https://github.com/flatpak/flatpak/blob/main/common/flatpak-run.c (setup_seccomp)
 */
export function systemCallFilter(arch: string): Uint8Array | null {
  const processor = PROCESSORS[arch];
  // The lower half of an argument is looked at, which is its first in this byte order.
  return processor === undefined || endianness() !== 'LE' ? null : assemble(program(processor));
}

const program = (processor: Processor): Instruction[] => [
  load(ARCH),
  ...unlessEqual(processor.auditArch, [end(KILL_PROCESS)]),
  load(NUMBER),
  // x32 is above as well.
  ...ifAbove(LAST_KNOWN, [end(errno(ENOSYS))]),
  ...at(processor, 'setsockopt', SETSOCKOPT),
  ...at(processor, 'socket', SOCKET),
  ...at(processor, 'socketpair', SOCKET),
  ...at(processor, 'clone', [
    load(argument(0)),
    ...ifAnyBit(NEW_NAMESPACES, [end(errno(EPERM))]),
    end(ALLOW),
  ]),
  ...at(processor, 'ioctl', [
    load(argument(1)),
    ...TERMINAL.flatMap((request) => ifEqual(request, [end(errno(EPERM))])),
    end(ALLOW),
  ]),
  ...at(processor, 'personality', [
    load(argument(0)),
    ...PERSONALITIES.flatMap((persona) => ifEqual(persona, [end(ALLOW)])),
    end(errno(EPERM)),
  ]),
  ...ABSENT.flatMap((call) => at(processor, call, [end(errno(ENOSYS))])),
  ...FORBIDDEN.flatMap((call) => at(processor, call, [end(errno(EPERM))])),
  end(ALLOW),
];

/** What comes of these programs take for an older kernel, and go another way. */
const ABSENT: readonly SystemCall[] = [
  // Its flags lie in memory, where a filter cannot look: C libraries fall back to `clone`.
  'clone3',
  ...(['io_uring_setup', 'io_uring_enter', 'io_uring_register'] as const),
  // Its contexts are counted for the whole machine, so that one child could take them all.
  'io_setup',
  ...(['userfaultfd', 'memfd_secret'] as const),
  // Segments and queues stay when nobody has them open, where no sum of processes finds them.
  ...(['shmget', 'msgget', 'semget'] as const),
  ...(['open_tree', 'move_mount', 'fsopen', 'fsconfig', 'fsmount', 'fspick', 'mount_setattr'] as const),
  ...(['statmount', 'listmount'] as const),
];

const FORBIDDEN: readonly SystemCall[] = [
  ...(['unshare', 'setns', 'mount', 'umount2', 'pivot_root', 'chroot'] as const),
  ...(['add_key', 'request_key', 'keyctl'] as const),
  ...(['perf_event_open', 'bpf', 'fanotify_init'] as const),
  ...(['ptrace', 'process_vm_readv', 'process_vm_writev', 'process_madvise', 'pidfd_getfd', 'kcmp'] as const),
  ...(['mbind', 'get_mempolicy', 'set_mempolicy', 'set_mempolicy_home_node'] as const),
  ...(['migrate_pages', 'move_pages'] as const),
  ...(['name_to_handle_at', 'open_by_handle_at', 'quotactl', 'quotactl_fd'] as const),
  ...(['acct', 'swapon', 'swapoff', 'reboot', 'syslog', 'vhangup', 'sethostname', 'setdomainname'] as const),
  ...(['kexec_load', 'kexec_file_load', 'init_module', 'finit_module', 'delete_module'] as const),
  ...(['settimeofday', 'clock_settime', 'clock_adjtime', 'lookup_dcookie'] as const),
  ...(['lsm_get_self_attr', 'lsm_set_self_attr', 'lsm_list_modules'] as const),
  ...(['uselib', 'ustat', 'sysfs', '_sysctl', 'modify_ldt', 'iopl', 'ioperm'] as const),
];

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET of include/uapi/linux/sched.h. */
const NEW_NAMESPACES = 0x7e02_0000;

/**
 * TIOCSTI and TIOCLINUX, which type into the terminal (CVE-2017-5226, CVE-2023-28100), and TIOCSETD, by which a
 * terminal of one's own becomes a modem's, with the module of the kernel that does so (CVE-2017-2636, CVE-2023-6546).
 */
const TERMINAL = [0x5412, 0x541c, 0x5423];

/** Linux's own, and the question which it is. */
const PERSONALITIES = [0, 0xffff_ffff];

const ALLOW = 0x7fff_0000;
const KILL_PROCESS = 0x8000_0000;
const [EPERM, ENOSYS, EPROTONOSUPPORT, EAFNOSUPPORT] = [1, 38, 93, 97];
const errno = (code: number): number => 0x0005_0000 | code;

/** Offsets into `struct seccomp_data`; of an argument, its lower 32 bits. */
const [NUMBER, ARCH] = [0, 4];
const argument = (index: number): number => 16 + 8 * index;

/** `struct sock_filter`: what to do, how many instructions to skip when true and when false, and with what. */
type Instruction = readonly [code: number, whenTrue: number, whenFalse: number, operand: number];

/** BPF_LD | BPF_W | BPF_ABS and so on: include/uapi/linux/bpf_common.h */
const load = (offset: number): Instruction => [0x20, 0, 0, offset];
const end = (action: number): Instruction => [0x06, 0, 0, action];
const unlessEqual = (value: number, then: Instruction[]): Instruction[] => [
  [0x15, then.length, 0, value],
  ...then,
];
const ifEqual = (value: number, then: Instruction[]): Instruction[] => [
  [0x15, 0, then.length, value],
  ...then,
];
const ifAbove = (value: number, then: Instruction[]): Instruction[] => [
  [0x25, 0, then.length, value],
  ...then,
];
const ifAnyBit = (bits: number, then: Instruction[]): Instruction[] => [
  [0x45, 0, then.length, bits],
  ...then,
];

/** `then` must end the program: what it loads takes the place of the call's number. */
function at(processor: Processor, call: SystemCall, then: Instruction[]): Instruction[] {
  const number = numberOf(call, processor);
  return number === null ? [] : ifEqual(number, then);
}

const [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, NETLINK_ROUTE] = [1, 2, 10, 16, 0];
/** The family's own, ICMP, TCP, UDP and ICMPv6. Others (SCTP, DCCP, L2TP, SMC) are modules that a socket loads. */
const IP_PROTOCOLS = [0, 1, 6, 17, 58];

const onlyProtocols = (protocols: number[]): Instruction[] => [
  load(argument(2)),
  ...protocols.flatMap((protocol) => ifEqual(protocol, [end(ALLOW)])),
  end(errno(EPROTONOSUPPORT)),
];

/** Sockets of its own files and its own loopback, and the list of its network's interfaces, which is read by netlink. */
const SOCKET: Instruction[] = [
  load(argument(0)),
  ...ifEqual(AF_UNIX, [end(ALLOW)]),
  ...[AF_INET, AF_INET6].flatMap((family) => ifEqual(family, onlyProtocols(IP_PROTOCOLS))),
  ...unlessEqual(AF_NETLINK, [end(errno(EAFNOSUPPORT))]),
  ...onlyProtocols([NETLINK_ROUTE]),
];

const SOL_SOCKET = 1;
/** SO_SNDBUF, SO_RCVBUF and what forces them. */
const BUFFER_SIZES = [7, 8, 32, 33];

/** The sizes of a socket's buffers are wishes, which are not granted: what sockets hold is counted by their number. */
const SETSOCKOPT: Instruction[] = [
  load(argument(1)),
  ...unlessEqual(SOL_SOCKET, [end(ALLOW)]),
  load(argument(2)),
  ...BUFFER_SIZES.flatMap((option) => ifEqual(option, [end(errno(0))])),
  end(ALLOW),
];

function assemble(instructions: readonly Instruction[]): Uint8Array {
  const bytes = Buffer.alloc(instructions.length * 8);
  for (const [index, [code, whenTrue, whenFalse, operand]] of instructions.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(whenTrue, index * 8 + 2);
    bytes.writeUInt8(whenFalse, index * 8 + 3);
    bytes.writeUInt32LE(operand, index * 8 + 4);
  }
  return bytes;
}
