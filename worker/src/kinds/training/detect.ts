import { readdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { realPath } from '@parallel-pilot/sandbox/box/program.ts';
import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import { KEYS } from '@parallel-pilot/shared/kinds/training/needs.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import { askPython } from '../../packages/ask-python.ts';
import { sourcesOf } from '../../packages/find-sources.ts';
import { PACKAGES_FOLDER, type Python, pythonEnvironment } from '../../packages/python-module.ts';
import type { Remembered } from '../kind.ts';
import { Found } from './messages.ts';
import { candidates, PILOT_FOLDER } from './python.ts';

/** A Python that can train, and what it has. */
export type FoundPython = { python: Python; capabilities: Capabilities };

const DETECT = { folders: [PILOT_FOLDER, PACKAGES_FOLDER], module: 'pilot_worker.detect' };

/** The first Python of this machine with numpy, rather one with torch; null without any. */
export async function findPython(
  chosen: string | null,
  sandbox: Sandbox,
  remembered?: Remembered,
): Promise<FoundPython | null> {
  const able: FoundPython[] = [];
  for (const python of candidates(chosen, sandbox)) {
    const capabilities = await lookOnce(python, sandbox, remembered);
    if ('training.numpy' in capabilities) able.push({ python, capabilities });
    if ('training.numpy' in capabilities && 'training.torch' in capabilities) break;
  }
  return able.find(({ capabilities }) => 'training.torch' in capabilities) ?? able[0] ?? null;
}

/** Empty for what is no Python that can be used. Remembered while the program and its folders of modules are the same. */
async function lookOnce(python: Python, sandbox: Sandbox, remembered?: Remembered): Promise<Capabilities> {
  const fingerprint = remembered === undefined ? null : await fingerprintOf(python, sandbox);
  const known = fingerprint === null ? null : await remembered?.recall(fingerprint);
  if (known) return known;
  const found = await askPython({ python, sandbox }, DETECT, Found);
  if (found === null) return {};
  const capabilities = capabilitiesOf(found);
  // A folder that cannot be written costs the next start its time, and nothing else.
  if (fingerprint !== null) await remembered?.keep(fingerprint, capabilities).catch(() => {});
  return capabilities;
}

async function fingerprintOf({ command, read }: Python, sandbox: Sandbox): Promise<string> {
  const program = realPath(command);
  const about = async (path: string) => {
    const it = await stat(path).catch(() => null);
    return it === null ? null : [path, it.ino, it.size, it.mtimeMs];
  };
  const own = [join(PILOT_FOLDER, 'pilot_worker'), join(PACKAGES_FOLDER, 'pilot_packages')];
  const paths = [program, ...own, ...read, ...moduleFolders(read)];
  const parts = await Promise.all(paths.map(about));
  return JSON.stringify([
    command,
    sandbox.level,
    Object.entries(pythonEnvironment(sandbox, 1)).sort(),
    parts,
  ]);
}

/** A folder's time changes when a module in it comes or goes. */
function moduleFolders(read: readonly string[]): string[] {
  const libraries = [...read.map((folder) => join(folder, 'lib')), '/usr/lib', '/usr/local/lib'];
  return libraries.flatMap((library) =>
    namesIn(library)
      .filter((name) => /^python3/.test(name))
      .flatMap((name) => ['dist-packages', 'site-packages'].map((last) => join(library, name, last))),
  );
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const capabilitiesOf = (found: Found): Capabilities =>
  found.numpy === null
    ? {}
    : {
        'training.python': found.python,
        'training.numpy': found.numpy,
        ...(found.torch === null ? {} : { 'training.torch': found.torch }),
        ...sourcesOf(KEYS, found, null),
        'training.modules': found.modules,
      };
