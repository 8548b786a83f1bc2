import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { makeOwnFolder } from './box/own-folder.ts';
import { readHost } from './box/read-host.ts';
import { systemCallFilter } from './box/system-call-filter.ts';
import { createWorkspace } from './box/workspace.ts';
import { startChild } from './child/child.ts';
import type { ChildExit } from './child/exit.ts';
import { createTail } from './child/tail.ts';
import { findControlGroups } from './limits/find-control-groups.ts';
import { defaultLimits } from './limits/limits.ts';
import type { Host, Sandbox } from './sandbox.ts';

/**
 * Finds out, once at start, what can keep this worker's children in, by
 * running a small program in a sandbox. Never rejects: without a sandbox it
 * says why. `hidden` are folders of the worker's that no program may bring
 * along because of where it lies.
 */
export async function detectSandbox(hidden: readonly string[] = []): Promise<Sandbox> {
  const [box, groups] = await Promise.all([detectBox(hidden), findControlGroups()]);
  return groups === null ? box : { ...box, groups };
}

async function detectBox(hidden: readonly string[]): Promise<Sandbox> {
  if (process.platform !== 'linux') {
    return { level: 'none', reason: 'bubblewrap, which keeps jobs away from this machine, needs Linux.' };
  }
  const host = readHost(process.getuid?.() === 0, hidden);
  if ('lacks' in host) return { level: 'none', reason: missing(host.lacks) };
  const reasons: string[] = [];
  for (const lack of lacksFrom(host)) {
    const sandbox: Sandbox = { level: 'bubblewrap', host: { ...host, ...lack } };
    const reason = await tryOut(sandbox).catch((error: Error) => error.message);
    if (reason === null) return sandbox;
    reasons.push(reason);
  }
  return { level: 'none', reason: `bubblewrap does not work here: ${reasons.at(-1)}` };
}

/** What a machine may be without, the least first: an old bubblewrap, and then a kernel without filters. */
const lacksFrom = ({ setpriv }: Host): Partial<Host>[] => [
  {},
  ...(setpriv === null ? [{ canDisableUserNamespaces: false }] : []),
  { canDisableUserNamespaces: setpriv !== null, filter: null },
];

/** What this sandbox does not keep from its children though others do: a sentence for each. */
export function gapsOf({ filter, cutOff }: Host): string[] {
  const gaps = [];
  if (filter === null) {
    const why = systemCallFilter(process.arch) === null ? 'for this processor' : 'on this machine';
    gaps.push(`The system calls of jobs are not filtered: there is no filter ${why}.`);
  }
  if (cutOff === null) {
    gaps.push(
      "Jobs share the keyring of this worker's session, and files that were open when it was started: Perl, which would cut them off, is missing.",
    );
  }
  return gaps;
}

const missing = (programs: readonly string[]): string =>
  programs.includes('bwrap')
    ? 'bubblewrap is not installed (on Debian or Ubuntu: apt install bubblewrap).'
    : `bubblewrap needs ${programs.join(' and ')}, which util-linux brings.`;

/** Long enough for a machine under load. */
const TRIAL_MS = 20_000;

/** Null when the sandbox works: it starts, its folder can be written, and the worker's is not there. */
async function tryOut(sandbox: Sandbox): Promise<string | null> {
  const folder = await makeOwnFolder(tmpdir(), 'pilot-sandbox-');
  const workspace = createWorkspace(sandbox, folder);
  const said = createTail(10, 1_000);
  try {
    const script = 'echo works > trial && cat trial && ! test -e "$1"';
    const child = startChild({
      command: '/bin/sh',
      args: ['-c', script, 'sh', folder],
      env: {},
      confinement: {
        sandbox,
        workspace,
        read: [],
        limits: { ...defaultLimits(), wallMs: TRIAL_MS },
      },
      onStdout: () => {},
      onStderr: (line) => said.add(line),
    });
    const exit = await child.exited;
    if (exit.kind === 'exited' && exit.code === 0) return null;
    return said.text() || describe(exit);
  } finally {
    await workspace.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

function describe(exit: ChildExit): string {
  switch (exit.kind) {
    case 'exited':
      return `a trial program ended with exit code ${exit.code}.`;
    case 'signalled':
      return `a trial program was ended by ${exit.signal}.`;
    case 'failed-to-start':
    case 'broken':
      return exit.reason;
    case 'limit':
      return exit.message;
    default:
      return exit satisfies never;
  }
}
