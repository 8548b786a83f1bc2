import type { Parts } from '../../parts.ts';
import type { Assembly, BackgroundTask } from '../kind.ts';
import { badChunks } from './bad-chunks.ts';

/** Looks whether every run has come, and what it left is there. Results are packed when they are asked for. */
export async function assembleCommand(parts: Parts, task: BackgroundTask): Promise<Assembly> {
  const bad = await badChunks(parts, task);
  if (bad.length > 0) return { outcome: 'redo', chunks: bad };
  return { outcome: 'complete', artifacts: [], notes: [] };
}
