import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWorkspace } from '@parallel-pilot/sandbox/box/workspace.ts';
import { startChild } from '@parallel-pilot/sandbox/child/child.ts';
import { defaultLimits } from '@parallel-pilot/sandbox/limits/limits.ts';
import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import { parseText } from '@parallel-pilot/shared/protocol/parse.ts';
import { Found } from './messages.ts';
import { candidates, PILOT_FOLDER, type Python, pythonEnvironment } from './python.ts';

/** A Python that can train, and what it has. */
export type FoundPython = { python: Python; found: Found & { numpy: string } };

const LIMIT_MS = 30_000;
const MARK = 'pilot-found ';

/** The first Python of this machine with numpy, rather one with torch; null without any. */
export async function findPython(chosen: string | null, sandbox: Sandbox): Promise<FoundPython | null> {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-detect-'));
  try {
    const able: FoundPython[] = [];
    for (const python of candidates(chosen, sandbox)) {
      const found = await probePython(python, sandbox, folder);
      if (found !== null && found.numpy !== null)
        able.push({ python, found: { ...found, numpy: found.numpy } });
      if (found?.torch != null && found.numpy !== null) break;
    }
    return able.find(({ found }) => found.torch !== null) ?? able[0] ?? null;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const capabilitiesOf = ({ found }: FoundPython): Capabilities => ({
  'training.python': found.python,
  'training.numpy': found.numpy,
  ...(found.torch === null ? {} : { 'training.torch': found.torch }),
  'training.modules': found.modules,
});

/** Asks in the sandbox, since a script will find what is seen there. Null when it is no Python that can be used. */
async function probePython(python: Python, sandbox: Sandbox, folder: string): Promise<Found | null> {
  const workspace = createWorkspace(sandbox, folder);
  let found: Found | null = null;
  const start = `import sys; sys.path[0] = ${JSON.stringify(PILOT_FOLDER)}\nfrom pilot_worker.detect import main; main()`;
  const child = startChild({
    command: python.command,
    args: ['-B', '-c', start],
    env: pythonEnvironment(sandbox, 1),
    confinement: {
      sandbox,
      workspace,
      read: [PILOT_FOLDER, ...python.read],
      limits: { ...defaultLimits(), wallMs: LIMIT_MS },
    },
    maxStdoutLine: 1_000_000,
    onStdout(line) {
      if (!line.startsWith(MARK)) return;
      const parsed = parseText(Found, line.slice(MARK.length));
      if (parsed.ok) found = parsed.message;
    },
    onStderr: () => {},
  });
  await child.exited;
  await workspace.remove();
  return found;
}
