import { numberOf, PROCESSORS } from './system-calls.ts';

/**
 * A program and its arguments that join a new, empty session keyring and then
 * become the program named after them; null where that cannot be done. The
 * keyring is otherwise inherited from whoever started the worker, with the
 * keys in it, and shared by all children. Perl, since no program that every
 * Linux has makes a keyring, and Node no system call. Where the kernel
 * refuses one (a user's keys are numbered) the program starts all the same:
 * the filter of system calls stands before it.
 *
 * https://man7.org/linux/man-pages/man2/keyctl.2.html (KEYCTL_JOIN_SESSION_KEYRING)
 */
export function ownKeyring(perl: string | null, arch: string): readonly string[] | null {
  const processor = PROCESSORS[arch];
  const number = processor === undefined ? null : numberOf('keyctl', processor);
  if (perl === null || number === null) return null;
  const join = `syscall(${number}, ${JOIN_SESSION_KEYRING}, 0);`;
  return [perl, '-e', `${join} exec { $ARGV[0] } @ARGV; die "$ARGV[0]: $!\\n";`];
}

const JOIN_SESSION_KEYRING = 1;
