import { bubblewrapLine } from '../box/bubblewrap.ts';
import { findProgram, visibleProgram } from '../box/program.ts';
import type { Confinement, Host } from '../sandbox.ts';
import { searchPath } from './config.ts';

/** What is really started. */
export type Launch = {
  command: string;
  args: readonly string[];
  env: Record<string, string>;
  cwd: string;
  sandboxed: boolean;
};

type Asked = {
  command: string;
  args: readonly string[];
  env: Record<string, string>;
  confinement: Confinement;
};

/** A program that cannot be found is left as it is: starting it then says so. */
export function launchOf({ command, args, env, confinement }: Asked): Launch {
  const { sandbox, workspace, read, limits } = confinement;
  const { folders, inside, uid } = workspace;
  const bare: Launch = {
    command,
    args,
    env: { ...env, TMPDIR: inside.tmp },
    cwd: folders.work,
    sandboxed: false,
  };
  if (sandbox.level === 'none') return bare;
  const program = findProgram(command, searchPath());
  if (program === null) return bare;
  const { host } = sandbox;
  const visible = visibleProgram(program, seenIn(host, read), [...host.hidden, folders.work]);
  const line = bubblewrapLine({
    host,
    command: visible.command,
    args,
    workspace: { ...folders, uid },
    read: [...visible.read, ...read],
    limits,
  });
  return { ...bare, ...line, sandboxed: true };
}

const seenIn = (host: Host, read: readonly string[]): string[] => [
  ...host.system,
  ...Object.keys(host.links),
  ...read,
];
