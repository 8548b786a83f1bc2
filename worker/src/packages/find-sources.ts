import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import type { PackageKeys } from '@parallel-pilot/shared/packages/packages.ts';
import { z } from 'zod';
import { askPython } from './ask-python.ts';
import type { PackageIndex } from './package-index.ts';
import { PACKAGES_FOLDER, type Python } from './python-module.ts';

const Found = z.object({ pythons: z.array(z.string().max(200)), pip: z.boolean() });
export type FoundPip = z.infer<typeof Found>;

/** What a worker can say of packages for this Python. */
export const sourcesOf = (
  { sources, pythons }: PackageKeys,
  found: FoundPip,
  index: PackageIndex | null,
): Capabilities => ({
  [pythons]: found.pythons,
  ...(found.pip ? { [sources]: index === null ? ['wheels'] : ['wheels', 'index'] } : {}),
});

/** Null when it is no Python that can be used. */
export const findPip = (python: Python, sandbox: Sandbox): Promise<FoundPip | null> =>
  askPython({ python, sandbox }, { folders: [PACKAGES_FOLDER], module: 'pilot_packages.installer' }, Found);
