// A process that renders as the agent does, so that a test can kill -9 it: prints Blender's pid, then works on.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSession } from '../src/kinds/blender/session.ts';

const [blend = ''] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'pilot-agent-like-'));
const session = startSession({ blender: 'blender', threads: 1, folder });
const limits = { hangLimitMs: 60_000, signal: new AbortController().signal };
console.log(JSON.stringify({ pid: session.pid, folder }));
if (blend !== '') await session.ask({ op: 'open', path: blend, scripts: true, savedBy: '3.4' }, limits);
