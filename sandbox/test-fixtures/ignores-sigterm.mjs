#!/usr/bin/env node
// Ignores SIGTERM, and has a child that does the same: only SIGKILL to the whole group ends both.
import { spawn } from 'node:child_process';

process.on('SIGTERM', () => {});
if (process.argv[2] !== 'child') {
  const child = spawn(process.execPath, [process.argv[1], 'child'], { stdio: 'inherit' });
  console.log(`child ${child.pid}`);
}
setInterval(() => {}, 1_000);
