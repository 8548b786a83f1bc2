import { mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

const LARGEST_LOG_BYTES = 10 * 1024 * 1024;
const TAIL_BYTES = 16 * 1024;

/** Opens a child's log to append to. One that has grown above 10 MB is moved to `<path>.1` first. Returns its file descriptor and how to close it. */
export async function openLog(path: string) {
  await mkdir(dirname(path), { recursive: true });
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LARGEST_LOG_BYTES) await rename(path, `${path}.1`);
  return open(path, 'a', 0o600);
}

/** The last lines of a log, readable: of a JSON line only its level and message. Empty when there is none. */
export async function lastLines(path: string, count: number, from = 0): Promise<string[]> {
  const file = await open(path).catch(() => null);
  if (file === null) return [];
  try {
    const { size } = await file.stat();
    const start = Math.max(from, size - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(0, size - start)), {
      position: start,
    });
    const lines = buffer.subarray(0, bytesRead).toString('utf8').split('\n');
    return lines
      .map(readable)
      .filter((line) => line.trim() !== '')
      .slice(-count);
  } finally {
    await file.close();
  }
}

function readable(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const { event, msg, err } = JSON.parse(line) as Record<string, unknown>;
    const error = typeof err === 'object' && err !== null && 'message' in err ? err.message : undefined;
    const parts = [event, msg, error].filter((part) => typeof part === 'string' && part !== '');
    return parts.length === 0 ? line : parts.join(': ');
  } catch {
    return line;
  }
}
