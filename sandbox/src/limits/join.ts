import type { ControlGroup } from '../sandbox.ts';

/** Rather a child than a server of the farm or a program of the machine's owner; see proc_pid_oom_score_adj(5). */
const ENDED_FIRST = 900;

/** Arguments: the files to join by, `--`, the program and its own arguments. */
const SCRIPT = `echo ${ENDED_FIRST} > /proc/self/oom_score_adj
while [ "$1" != -- ]; do echo 0 > "$1" || exit 126; shift; done
shift
exec "$@"`;

type Line = { command: string; args: readonly string[] };

/**
 * The same program, started by a shell that first joins the group, so that
 * nothing of it is uncounted, and first of all offers itself to be ended when
 * the whole machine is out of memory.
 */
export const joining = ({ command, args }: Line, group: ControlGroup | null): Line => ({
  command: '/bin/sh',
  args: ['-c', SCRIPT, 'sh', ...(group?.joins ?? []), '--', command, ...args],
});
