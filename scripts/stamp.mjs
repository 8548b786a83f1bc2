import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './places.mjs';

// Within node_modules, so that whoever removes that folder is set up anew from the start.
const file = join(root, 'node_modules/.cache/parallel-pilot/setup.json');

/** What an earlier set-up left done under this name; undefined when it did not, or cannot be read. */
export function readStamp(name) {
  return all()[name];
}

export function writeStamp(name, value) {
  mkdirSync(dirname(file), { recursive: true });
  const next = `${file}.${process.pid}`;
  writeFileSync(next, JSON.stringify({ ...all(), [name]: value }));
  renameSync(next, file);
}

function all() {
  try {
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  } catch {
    return {};
  }
}
