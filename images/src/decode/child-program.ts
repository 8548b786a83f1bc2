import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';

/** The program that decodes, and all the files that it must be able to read. */
export type ChildProgram = { path: string; read: string[] };

export function decoderProgram(): ChildProgram {
  const path = fileURLToPath(new URL('decoder-program.mjs', import.meta.url));
  return { path, read: [path, ...sharpFolders()] };
}

const Manifest = z.object({
  dependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
});

/** The folders of sharp and of what it is made of; libvips comes as a package for each kind of machine. */
function sharpFolders(): string[] {
  const manifest = findPackageJSON('sharp', import.meta.url);
  if (manifest === undefined) return [];
  const { dependencies, optionalDependencies } = Manifest.parse(JSON.parse(readFileSync(manifest, 'utf8')));
  const names = [...Object.keys(dependencies), ...Object.keys(optionalDependencies)];
  return [manifest, ...names.flatMap((name) => found(name, manifest))].map(dirname);
}

function found(name: string, from: string): string[] {
  try {
    return [findPackageJSON(name, pathToFileURL(from))].filter((path) => path !== undefined);
  } catch {
    // For another kind of machine.
    return [];
  }
}
