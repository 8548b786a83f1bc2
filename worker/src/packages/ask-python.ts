import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { makeOwnFolder } from '@parallel-pilot/sandbox/box/own-folder.ts';
import { createWorkspace } from '@parallel-pilot/sandbox/box/workspace.ts';
import { startChild } from '@parallel-pilot/sandbox/child/child.ts';
import { defaultLimits } from '@parallel-pilot/sandbox/limits/limits.ts';
import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import { parseText } from '@parallel-pilot/shared/protocol/parse.ts';
import type { z } from 'zod';
import { type Python, pythonModule } from './python-module.ts';

const LIMIT_MS = 30_000;
const MARK = 'pilot-found ';

/**
 * What a module finds out of a Python and prints as JSON behind `pilot-found `. It is asked in the sandbox, as that is
 * where the Python will be used. Null when it is none that can be used.
 */
export async function askPython<T>(
  { python, sandbox }: { python: Python; sandbox: Sandbox },
  program: { folders: readonly string[]; module: string },
  answer: z.ZodType<T>,
): Promise<T | null> {
  const folder = await makeOwnFolder(tmpdir(), 'pilot-detect-');
  const workspace = createWorkspace(sandbox, folder);
  let found: T | null = null;
  const limits = { ...defaultLimits(), wallMs: LIMIT_MS };
  const child = startChild({
    ...pythonModule({ python, sandbox, threads: 1, workspace, limits }, program),
    withoutInput: true,
    maxStdoutLine: 1_000_000,
    onStdout(line) {
      const parsed = line.startsWith(MARK) ? parseText(answer, line.slice(MARK.length)) : null;
      if (parsed?.ok) found = parsed.message;
    },
    onStderr: () => {},
  });
  await child.exited;
  await workspace.remove();
  await rm(folder, { recursive: true, force: true });
  return found;
}
