import { join } from 'node:path';
import { bubblewrapLine } from '../box/bubblewrap.ts';
import { findProgram, realPath, showsTooMuch, visibleProgram } from '../box/program.ts';
import type { Confinement, Host } from '../sandbox.ts';
import { searchPath } from './config.ts';

/** What is really started. */
export type Launch = {
  command: string;
  args: readonly string[];
  env: Record<string, string>;
  cwd: string;
  sandboxed: boolean;
  /** What bubblewrap reads from file descriptor 3. */
  filter: Uint8Array | null;
};

type Asked = {
  command: string;
  args: readonly string[];
  env: Record<string, string>;
  confinement: Confinement;
};

/**
 * A program that cannot be found is started as one that does not exist, which
 * says so: looked for once more, by another PATH, it would run outside of the
 * sandbox. Throws when a folder in `read` would show what is hidden.
 */
export function launchOf({ command, args, env, confinement }: Asked): Launch {
  const { sandbox, workspace, read, limits } = confinement;
  const { folders, inside, uid } = workspace;
  const bare: Launch = {
    command,
    args,
    env: { ...env, TMPDIR: inside.tmp },
    cwd: folders.work,
    sandboxed: false,
    filter: null,
  };
  if (sandbox.level === 'none') return bare;
  const program = findProgram(command, searchPath());
  if (program === null) return { ...bare, command: join('/nonexistent', command) };
  const { host } = sandbox;
  const hidden = [...host.hidden, realPath(folders.work)];
  const tooMuch = read.find((path) => showsTooMuch(path, hidden));
  if (tooMuch !== undefined) throw new Error(`${tooMuch} holds more than a job may see.`);
  const visible = visibleProgram(program, seenIn(host, read), hidden);
  const line = bubblewrapLine({
    host,
    command: visible.command,
    args,
    workspace: { ...folders, uid },
    read: [...visible.read, ...read],
    limits,
  });
  return { ...bare, ...line, sandboxed: true, filter: host.filter };
}

const seenIn = (host: Host, read: readonly string[]): string[] => [
  ...host.system,
  ...Object.keys(host.links),
  ...read,
];
