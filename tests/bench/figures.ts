import { readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const HEAD = `# Benchmarks

Trust the ratios and differences within one run, not the seconds.
`;

/** Puts a benchmark's figures in their part of docs/benchmarks.md, in place of those of its last run. */
export async function writeFigures(
  part:
    | 'render'
    | 'training'
    | `training_${string}`
    | 'dispatch'
    | 'cold'
    | 'scheduling'
    | 'deadlines'
    | 'commands'
    | 'functions',
  figures: string,
): Promise<void> {
  const before = await readFile(file, 'utf8').catch(() => '');
  const parts = new Map<string, string>();
  for (const [, name, text] of before.matchAll(/<!-- (\w+) -->\n([\s\S]*?)\n<!-- end -->/g))
    parts.set(name ?? '', text ?? '');
  parts.set(part, figures.trim());
  const body = [...parts].sort().map(([name, text]) => `<!-- ${name} -->\n${text}\n<!-- end -->\n`);
  await writeFile(file, [HEAD, ...body].join('\n'));
}

export const machine = (): string =>
  `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`;

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
