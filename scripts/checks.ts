import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FileResult } from './run-test-file.ts';

/** TypeScript over everything, the site by its own settings: counted as one test. */
export async function typeCheck(root: string): Promise<FileResult> {
  const tsc = ['node_modules/typescript/bin/tsc', '--noEmit'];
  const hasSite = existsSync(join(root, 'client-frontend/src/main.tsx'));
  return await check(root, 'type check', hasSite ? [tsc, [...tsc, '-p', 'client-frontend']] : [tsc]);
}

/** Biome over everything: counted as one test. */
export async function lint(root: string): Promise<FileResult> {
  return await check(root, 'lint', [['node_modules/@biomejs/biome/bin/biome', 'check', '.']]);
}

/** Ruff and mypy over all Python: counted as one test. */
export async function pythonCheck(root: string): Promise<FileResult> {
  return await check(root, 'Python: ruff and mypy', [['scripts/check-python.mjs']]);
}

/** The site as the servers serve it, built when its sources changed: counted as one test. */
export async function siteBuild(root: string): Promise<FileResult> {
  return await check(root, 'site build', [['scripts/setup.mjs', '--site-only']]);
}

async function check(root: string, file: string, commands: readonly string[][]): Promise<FileResult> {
  const started = performance.now();
  const complaints: string[] = [];
  for (const command of commands) {
    const { code, output } = await runNode(root, command);
    if (code !== 0) complaints.push(output.trim() || `${command.join(' ')} ended with code ${code}`);
  }
  const ms = performance.now() - started;
  if (complaints.length === 0) return { file, outcomes: [{ kind: 'passed', name: file, ms }], ms, said: '' };
  const reason = complaints.join('\n');
  return { file, outcomes: [{ kind: 'failed', name: file, reason }], ms, said: '' };
}

function runNode(cwd: string, args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}
