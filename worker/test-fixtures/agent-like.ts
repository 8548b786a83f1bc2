// A process that renders as the agent does, so that a test can kill -9 it: prints Blender's pid, then works on.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { detectSandbox } from '@parallel-pilot/sandbox/detect.ts';
import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import { startSession } from '../src/kinds/blender/session.ts';

const [level = '', blend = ''] = process.argv.slice(2);
const sandbox: Sandbox = level === 'none' ? { level, reason: 'The test wants none.' } : await detectSandbox();
const folder = mkdtempSync(join(tmpdir(), 'pilot-agent-like-'));
const session = startSession({ blender: 'blender', threads: 1, folder, sandbox });
const limits = { hangLimitMs: 60_000, signal: new AbortController().signal };
console.log(JSON.stringify({ pid: session.pid, folder }));
if (blend !== '') await session.workspace.fill(dirname(blend));
const path = join(session.workspace.inside.in, basename(blend));
if (blend !== '')
  await session.ask(
    { op: 'open', path, scripts: true, scriptErrors: 'fail', openNewer: false, savedBy: '3.4' },
    limits,
  );
