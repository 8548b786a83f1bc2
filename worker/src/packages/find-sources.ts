import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWorkspace } from '@parallel-pilot/sandbox/box/workspace.ts';
import { startChild } from '@parallel-pilot/sandbox/child/child.ts';
import { defaultLimits } from '@parallel-pilot/sandbox/limits/limits.ts';
import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import type { PackageKeys } from '@parallel-pilot/shared/packages/packages.ts';
import { parseText } from '@parallel-pilot/shared/protocol/parse.ts';
import { z } from 'zod';
import type { PackageIndex } from './package-index.ts';
import { PACKAGES_FOLDER, type Python, pythonModule } from './python-module.ts';

const Found = z.object({ pythons: z.array(z.string().max(200)), pip: z.boolean() });
export type FoundPip = z.infer<typeof Found>;

const LIMIT_MS = 30_000;
const MARK = 'pilot-found ';

/** What a worker can say of packages for this Python. */
export const sourcesOf = (
  { sources, pythons }: PackageKeys,
  found: FoundPip,
  index: PackageIndex | null,
): Capabilities => ({
  [pythons]: found.pythons,
  ...(found.pip ? { [sources]: index === null ? ['wheels'] : ['wheels', 'index'] } : {}),
});

/** Asks a Python in the sandbox, as that is where it will install them. Null when it is none that can be used. */
export async function findPip(python: Python, sandbox: Sandbox): Promise<FoundPip | null> {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-detect-'));
  const workspace = createWorkspace(sandbox, folder);
  let found: FoundPip | null = null;
  const limits = { ...defaultLimits(), wallMs: LIMIT_MS };
  const child = startChild({
    ...pythonModule(
      { python, sandbox, threads: 1, workspace, limits },
      { folders: [PACKAGES_FOLDER], module: 'pilot_packages.installer' },
    ),
    withoutInput: true,
    onStdout(line) {
      const parsed = line.startsWith(MARK) ? parseText(Found, line.slice(MARK.length)) : null;
      if (parsed?.ok) found = parsed.message;
    },
    onStderr: () => {},
  });
  await child.exited;
  await workspace.remove();
  await rm(folder, { recursive: true, force: true });
  return found;
}
