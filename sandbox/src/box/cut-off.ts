import { numberOf, PROCESSORS, type SystemCall } from './system-calls.ts';

/**
 * A program and its arguments that cut a process off from what it inherits, and
 * then become the program named after them; null where that cannot be done.
 * The next argument is the first file descriptor that it may not keep: Node
 * hands on whatever its own parent left open. It ends with this process, or at
 * once where that has ended meanwhile: bubblewrap looks after that itself only
 * from when it runs. And it joins a new, empty session keyring, which is
 * otherwise that of whoever started the worker, with the keys in it, and
 * shared by all children. Where the kernel refuses one (a user's keys are
 * numbered) the program starts all the same: the filter of system calls stands
 * before it. Perl, since no program that every Linux has does all of it, and
 * Node no system call.
 *
 * https://man7.org/linux/man-pages/man2/keyctl.2.html (KEYCTL_JOIN_SESSION_KEYRING)
 * https://man7.org/linux/man-pages/man2/close_range.2.html, since Linux 5.9
 */
export function cutOff(perl: string | null, arch: string, parent = process.pid): readonly string[] | null {
  const processor = PROCESSORS[arch];
  if (perl === null || processor === undefined) return null;
  const number = (call: SystemCall) => numberOf(call, processor);
  const script = `
    my ($parent, $first) = splice @ARGV, 0, 2;
    syscall(${number('prctl')}, ${PR_SET_PDEATHSIG}, ${SIGKILL});
    exit ${ENDED} if getppid != $parent;
    if (syscall(${number('close_range')}, $first + 0, ${LAST_DESCRIPTOR}, 0) < 0) {
      syscall(${number('close')}, $_) for $first .. ${MANY_DESCRIPTORS};
    }
    syscall(${number('keyctl')}, ${JOIN_SESSION_KEYRING}, 0);
    exec { $ARGV[0] } @ARGV;
    die "$ARGV[0]: $!\\n";`;
  return [perl, '-e', script, String(parent)];
}

const [PR_SET_PDEATHSIG, SIGKILL, JOIN_SESSION_KEYRING] = [1, 9, 1];
const ENDED = 75;
const LAST_DESCRIPTOR = 0xffff_ffff;
/** Of a kernel that does not close ranges. */
const MANY_DESCRIPTORS = 4_095;
