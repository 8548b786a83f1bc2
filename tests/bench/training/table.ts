import { machine, mean } from '../figures.ts';
import {
  BATCH,
  epochsOf,
  type Measured,
  OFTEN,
  ROUNDS,
  ROWS,
  SCRIPTS,
  type Script,
  WAY_NAMES,
} from './scripts.ts';

/** Those whose figure is a loss; of the others it is the accuracy in percent. */
const LOSSES: Partial<Record<Script, string>> = {
  vae: 'loss',
  words: 'loss',
  dcgan: "Fréchet's distance of pixels",
};

/** The part of docs/benchmarks.md: for each script and number of shards how far its ways are from the script alone. */
export function tableOf(all: readonly Measured[]): string {
  const ways = WAY_NAMES.filter((name) => all.some(({ way }) => way === name));
  const lines = SCRIPTS.flatMap((script) => linesOf(script, all, ways));
  const misses = lines.flatMap((line) => line.misses);
  return `### Training: six scripts

Written by \`npm run bench:training\`. ${machine()}. Each seed has its own data, made by \`data.py\` (${ROWS.toLocaleString('en')} rows, 1,000
others to test on), and all its ways have the same. ${ROUNDS} rounds of an epoch (${named(1)}) or two (${named(2)}), a batch of ${BATCH} over
all shards, 4 workers; alone as many epochs. \`rounds\` has the outer step of 1 and 0.3 and each shard's own moments, \`mean\` merged
moments; \`diloco\` has ${ROUNDS * OFTEN} rounds of as many steps in all, with the paper's outer step. Nothing was chosen by these test rows.
Cells: the mean difference to alone of the same seed, better when positive, with the standard error of that mean; in points of
accuracy, or in percent of the loss (${Object.keys(LOSSES).join(', ')}). Bounds: 0.5 points or 1 %, ddp 0.2; what is beyond is **bold**.

| script | alone | shards | seeds | ${ways.join(' | ')} |
|---|---|---|---|${ways.map(() => '---').join('|')}|
${lines.map(({ text }) => text).join('\n')}

Beyond the bound by more than two standard errors, for which a cell needs two seeds: ${misses.join('; ') || 'none'}.
`;

  function named(epochs: number): string {
    return SCRIPTS.filter((script) => epochsOf(script) === epochs).join(', ');
  }
}

type Line = { text: string; misses: string[] };

function linesOf(script: Script, all: readonly Measured[], ways: readonly string[]): Line[] {
  const own = all.filter((one) => one.script === script);
  const alone = new Map(own.filter(({ way }) => way === 'alone').map(({ seed, value }) => [seed, value]));
  const digits = script in LOSSES ? 3 : 2;
  const whole = `${mean([...alone.values()]).toFixed(digits)}${script in LOSSES ? '' : ' %'}`;
  const shards = [...new Set(own.map((one) => one.shards))]
    .filter((count) => count > 1)
    .sort((a, b) => a - b);
  return shards.map((count) => {
    const cells = ways.map((way) => {
      const measured = own.filter((one) => one.way === way && one.shards === count);
      return { way, ...cellOf(script, way, measured, alone) };
    });
    const seeds = new Set(own.filter((one) => one.shards === count).map(({ seed }) => seed)).size;
    const misses = cells.filter(({ clear }) => clear).map(({ way }) => `${script}, ${way} over ${count}`);
    const row = [script, whole, count, seeds, ...cells.map(({ text }) => text)];
    return { text: `| ${row.join(' | ')} |`, misses };
  });
}

/** `clear`: beyond its bound, and that by more than two standard errors. */
function cellOf(
  script: Script,
  way: string,
  measured: readonly Measured[],
  alone: ReadonlyMap<number, number>,
): { text: string; clear: boolean } {
  const better = measured.flatMap(({ seed, value }) => {
    const whole = alone.get(seed);
    if (whole === undefined) return [];
    return [script in LOSSES ? ((whole - value) / whole) * 100 : value - whole];
  });
  if (better.length === 0) return { text: '', clear: false };
  const difference = mean(better);
  const error = standardError(better);
  const bound = way === 'ddp' ? 0.2 : script in LOSSES ? 1 : 0.5;
  const text = `${difference > 0 ? '+' : ''}${difference.toFixed(2)}`;
  const missed = difference < -bound;
  return {
    text: `${missed ? `**${text}**` : text}${Number.isNaN(error) ? '' : ` ± ${error.toFixed(2)}`}`,
    clear: missed && difference + 2 * error < -bound,
  };
}

/** Of the mean; NaN for a single value. */
function standardError(values: readonly number[]): number {
  const center = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - center) ** 2, 0);
  return values.length < 2 ? Number.NaN : Math.sqrt(squares / (values.length - 1) / values.length);
}
