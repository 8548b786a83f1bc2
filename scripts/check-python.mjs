// Ruff and mypy over all Python of the project. Ruff comes as WebAssembly from npm, alike on every machine.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PositionEncoding, Workspace } from '@astral-sh/ruff-wasm-nodejs';

const root = fileURLToPath(new URL('..', import.meta.url));

const RUFF = {
  'line-length': 120,
  // The oldest Python that a worker may have.
  'target-version': 'py38',
  lint: {
    select: ['E', 'F', 'W', 'B', 'C4', 'I', 'PLE', 'RUF'],
    // B007: the epoch of `for epoch in pilot.epochs(2)` need not be used.
    // RUF005: `[*a, b]` is no plainer than `a + [b]`. RUF012 asks for annotations, which nothing here has.
    // RUF021: who reads Python knows that `and` binds before `or`.
    ignore: ['B007', 'RUF005', 'RUF012', 'RUF021'],
    pycodestyle: { 'max-line-length': 140 },
    isort: { 'known-first-party': ['pilot_worker', 'pilot_packages', 'bridge_*'] },
  },
};

/** What is imported by its bare name lies in one of these. */
const MODULES = [
  'worker/src/kinds/training/python',
  'worker/src/packages/python',
  'worker/src/kinds/blender/bridge',
];
const MYPY = [
  '--check-untyped-defs',
  // The same whatever the machine has: of numpy, torch and Blender's own modules nothing is known.
  '--no-site-packages',
  '--ignore-missing-imports',
  // Without annotations nothing says what is None for a while alone, nor what an empty list will hold.
  '--no-strict-optional',
  '--disable-error-code=var-annotated',
  '--cache-dir=node_modules/.cache/mypy',
];

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.py'], {
  cwd: root,
  encoding: 'utf8',
})
  .trim()
  .split('\n');
const complaints = [...ruff(), ...mypy()];
for (const line of complaints) console.error(line);
process.exitCode = complaints.length === 0 ? 0 : 1;

function ruff() {
  const workspace = new Workspace(RUFF, PositionEncoding.Utf16);
  return files.flatMap((file) =>
    workspace
      .check(readFileSync(join(root, file), 'utf8'))
      .map(
        ({ code, message, start_location: { row, column } }) => `${file}:${row}:${column} ${code} ${message}`,
      ),
  );
}

function mypy() {
  const env = { ...process.env, MYPYPATH: MODULES.join(':') };
  const done = spawnSync('mypy', [...MYPY, ...files], { cwd: root, env, encoding: 'utf8' });
  if (done.error !== undefined) return [`mypy cannot be started: ${done.error.message}`];
  if (done.status === 0) return [];
  const lines = `${done.stdout}${done.stderr}`.split('\n');
  const errors = lines.filter((line) => /: error:/.test(line));
  return errors.length > 0 ? errors : lines;
}
