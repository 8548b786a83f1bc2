import type { ChunkProgress } from '../kind.ts';

/**
 * Reads one line of Blender's output as progress within a frame; null for any
 * other line. Knows the lines of Cycles ("Sample 17/64", tiles before it:
 * "Rendered 3/8 Tiles, Sample 17/64"), of EEVEE ("Rendering 26 / 64 samples"),
 * the steps before the first sample, and the lines of Blender 5
 * ("00:01.327  render | Sample 17/64").
 */
export function parseProgress(line: string): ChunkProgress | null {
  if (!OLD_STATUS.test(line) && !NEW_STATUS.test(line)) return null;
  const samples = SAMPLES.exec(line);
  if (samples !== null) return sampled(line, Number(samples[1]), Number(samples[2]));
  const step = line.split('|').at(-1)?.trim() ?? '';
  if (step === '' || step.startsWith('Saved:')) return null;
  return { fraction: 0, detail: step.slice(0, 80) };
}

/** `Fra:12 Mem:9.9M (Peak 10.8M) | Time:00:05.43 | …`, up to Blender 4. */
const OLD_STATUS = /^Fra:-?\d+ Mem:/;
/** `00:01.327  render           | …`, since Blender 5. */
const NEW_STATUS = /^\d+:\d\d(?::\d\d)?\.\d+\s+render\s*\|/;
const SAMPLES = /(?:Sample|Rendering)\s+(\d+)\s*\/\s*(\d+)(?:\s+samples)?/;
const TILES = /Rendered\s+(\d+)\s*\/\s*(\d+)\s+Tiles/;

function sampled(line: string, done: number, total: number): ChunkProgress {
  const within = total > 0 ? Math.min(done / total, 1) : 0;
  const tiles = TILES.exec(line);
  const detail = `Sample ${done}/${total}`;
  if (tiles === null) return { fraction: within, detail };
  const [ready, all] = [Number(tiles[1]), Number(tiles[2])];
  if (all <= 1) return { fraction: within, detail };
  return {
    fraction: Math.min((ready + within) / all, 1),
    detail: `${detail}, tile ${Math.min(ready + 1, all)}/${all}`,
  };
}
