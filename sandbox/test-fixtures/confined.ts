import { createWorkspace } from '../src/box/workspace.ts';
import { startChild } from '../src/child/child.ts';
import { childEnvironment } from '../src/child/config.ts';
import { defaultLimits } from '../src/limits/limits.ts';
import type { Limits, Sandbox } from '../src/sandbox.ts';

/** Starts a Python program that means harm, confined; `said` is what it printed so far. */
export function startPython(
  sandbox: Sandbox,
  folder: string,
  code: string,
  args: readonly string[] = [],
  limits: Partial<Limits> = {},
) {
  const workspace = createWorkspace(sandbox, folder);
  const said: string[] = [];
  const waiting: (() => void)[] = [];
  const hear = (line: string): void => {
    said.push(line);
    for (const tell of waiting) tell();
  };
  const child = startChild({
    // Not by the PATH: a python3 there may be a script of a version manager's.
    command: '/usr/bin/python3',
    args: ['-c', code, ...args],
    env: childEnvironment(sandbox),
    confinement: { sandbox, workspace, read: [], limits: merged(limits) },
    onStdout: hear,
    onStderr: hear,
  });
  /** Resolves when it has printed a line. */
  const spoke = (): Promise<void> =>
    said.length > 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve));
  return { child, workspace, said, spoke };
}

/** Keeps a getter one, which a spread does not. */
const merged = (limits: Partial<Limits>): Limits =>
  Object.defineProperties({ ...defaultLimits(), wallMs: 30_000 }, Object.getOwnPropertyDescriptors(limits));
