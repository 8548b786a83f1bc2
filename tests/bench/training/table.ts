import { machine, mean } from '../figures.ts';
import { BATCH, type Measured, OFTEN, ROUNDS, ROWS, SCRIPTS, type Script, WAY_NAMES } from './scripts.ts';

/** Those whose figure is a loss; of the others it is the accuracy in percent. */
const LOSSES: Partial<Record<Script, string>> = {
  vae: 'loss',
  words: 'loss',
  dcgan: "Fréchet's distance of pixels",
};
/** Measured to explain, and not bound by anything. */
const REFERENCES: Record<string, string> = { again: 'alone again', part: "alone, a shard's batch" };

/** The part of docs/benchmarks.md: for each script and number of shards how far its ways are from the script alone. */
export function tableOf(all: readonly Measured[]): string {
  const ways = WAY_NAMES.filter((name) => all.some(({ way }) => way === name));
  const lines = SCRIPTS.flatMap((script) => linesOf(script, all, ways));
  const cells = lines
    .flatMap((line) => line.cells)
    .filter(({ text, way }) => text !== '' && !(way in REFERENCES));
  const of = (state: Cell['state']) => cells.filter((cell) => cell.state === state);
  return `### Training: six scripts

Written by \`npm run bench:training\` from tests/bench/training/results.jsonl, where every single figure stands. ${machine()}. Each
seed has its own data, made by \`data.py\` (${ROWS.toLocaleString('en')} rows, 1,000 others to test on), and all its ways have the same; ${ROUNDS} epochs, a
batch of ${BATCH} over all shards. \`rounds\` is ${ROUNDS} rounds of an epoch with the outer step of 1 and 0.3 and each shard's own moments;
\`diloco\` ${ROUNDS * OFTEN} rounds of half an epoch's steps with the outer step that is usual for so many; \`mean\`: with merged moments, as
docs/training.md advises for Adam (lstm, vae, words, dcgan); \`sorted\`: as \`rounds\`, of data sorted by label. *alone again* is one machine with other random numbers, so the noise that any difference
has; *alone, a shard's batch* one machine that steps with as few rows as a shard does.
Cells: the mean difference to alone of the same seed, better when positive, with the standard error of that mean and the number
of seeds; in points of accuracy, or in percent of the loss (${Object.keys(LOSSES).join(', ')}). Bounds: 0.5 points or 1 %, ddp 0.2; what
is beyond is **bold**. Training is done by the worker's own code of a chunk in one process (\`rounds.py\`), the split by the backend's;
\`--by farm\` does it all.

| script | alone | shards | ${ways.map((name) => REFERENCES[name] ?? name).join(' | ')} |
|---|---|---|${ways.map(() => '---').join('|')}|
${lines.map(({ text }) => text).join('\n')}

Of ${cells.length} cells ${of('within').length} are within their bound. Beyond it by more than two standard errors: ${list(of('clear'))}. Beyond it, but by less
than that or with one seed: ${list(of('unclear'))}.

Wanted are 5 seeds over 2, 4 and 8 shards: what has fewer, or no line, was not measured yet. Without a line: ${SCRIPTS.filter((script) => !all.some((one) => one.script === script && one.shards > 1)).join(', ') || 'none'}.
\`npm run bench:training -- --part scripts --seconds 180\` goes on.
`;
}

/** Why cells are beyond their bound; the figures are those measured, what was tried for them stands in the decision record. */
export function whyOf(all: readonly Measured[]): string {
  const cells = SCRIPTS.flatMap((script) => linesOf(script, all, Object.keys(REFERENCES))).flatMap(
    (line) => line.cells,
  );
  const told = (way: string) =>
    cells
      .filter((cell) => cell.way === way && cell.text !== '')
      .map(({ script, shards, text }) => `${script} ${text}${way === 'part' ? ` over ${shards}` : ''}`)
      .filter((text, at, texts) => texts.indexOf(text) === at)
      .join(', ') || 'not measured yet';
  const each = (script: Script, way: string) =>
    all
      .filter((one) => one.script === script && one.way === way && one.shards === 8)
      .map(({ seed, value }) => {
        const alone = all.find((one) => one.script === script && one.way === 'alone' && one.seed === seed);
        return (value - (alone?.value ?? Number.NaN)).toFixed(1);
      })
      .join(', ') || 'not measured yet';
  return `### Training: why scripts miss the bound

Written by \`npm run bench:training\`; in brackets the number of seeds. What was tried for each, with other seeds, and the figures of that:
[0035](decisions/0035-a-model-as-good-as-one-machines.md), [0047](decisions/0047-second-moments-of-the-whole-batch.md).

- **Chance.** One machine with other random numbers differs from itself: ${told('again')}. A cell of a few seeds is no finer than that.
- **A shard steps with a part of the batch.** One machine that does so: ${told('part')}. With SGD (cnn, batchnorm) the rate of the whole
  batch is too large then, so these take \`pilot.rate\`.
- **cnn and batchnorm over 8** step with 4 rows, and single seeds go wrong: in \`rounds\` the five differ by ${each('cnn', 'rounds')} (cnn) and
  ${each('batchnorm', 'rounds')} (batchnorm), with merged momentum in \`diloco\` by ${each('cnn', 'diloco, mean')} and
  ${each('batchnorm', 'diloco, mean')}. Fewer shards, a larger batch, or mode ddp.
- **Adam with each shard's own moments** (\`rounds\` of vae and words) comes less far in a step, as a part of the batch has noisier
  gradients, the more so the more shards. Merged moments (\`mean\`) are those of the whole batch. What is left of vae is less
  where models are merged more often: its steps differ most from shard to shard.
- **Sorted data** is split as any other is, by label, so \`sorted\` is as \`rounds\` over 8 but for chance.
- **dcgan:** its distance falls with the number of steps more than by anything else, and the noise between two runs of one machine
  is as large as what is looked for. The average of generators that moved apart comes less far: as one machine after a quarter of the
  steps (4.0 to 8.3, four runs; 1.7 to 4.3 after half of them). Take mode ddp.
- **ddp:** its steps have the whole batch, in another order than alone, and BatchNorm counts the rows of each worker alone; what
  it is beyond its bound is within two standard errors or, of dcgan, about what one machine differs from itself.
`;
}

const list = (cells: readonly Cell[]): string =>
  cells.map(({ script, way, shards }) => `${script} ${way} over ${shards}`).join('; ') || 'none';

type Cell = {
  script: Script;
  way: string;
  shards: number;
  text: string;
  /** `clear`: beyond its bound, and that by more than two standard errors. */
  state: 'within' | 'unclear' | 'clear';
};
type Line = { text: string; cells: Cell[] };

function linesOf(script: Script, all: readonly Measured[], ways: readonly string[]): Line[] {
  const own = all.filter((one) => one.script === script);
  const alone = new Map(own.filter(({ way }) => way === 'alone').map(({ seed, value }) => [seed, value]));
  const digits = script in LOSSES ? 3 : 2;
  const whole = `${mean([...alone.values()]).toFixed(digits)}${script in LOSSES ? '' : ' %'}`;
  const counts = [...new Set(own.map((one) => one.shards))].filter((count) => count > 1);
  return counts
    .sort((a, b) => a - b)
    .map((shards) => {
      const cells = ways.map((way): Cell => {
        const measured = own.filter((one) => one.way === way && [shards, 1].includes(one.shards));
        return { script, way, shards, ...cellOf(script, way, measured, alone) };
      });
      return { text: `| ${[script, whole, shards, ...cells.map(({ text }) => text)].join(' | ')} |`, cells };
    });
}

function cellOf(
  script: Script,
  way: string,
  measured: readonly Measured[],
  alone: ReadonlyMap<number, number>,
): Pick<Cell, 'text' | 'state'> {
  const better = measured.flatMap(({ seed, value }) => {
    const whole = alone.get(seed);
    if (whole === undefined) return [];
    return [script in LOSSES ? ((whole - value) / whole) * 100 : value - whole];
  });
  if (better.length === 0) return { text: '', state: 'within' };
  const difference = mean(better);
  const error = standardError(better);
  const bound =
    way in REFERENCES ? Number.POSITIVE_INFINITY : way === 'ddp' ? 0.2 : script in LOSSES ? 1 : 0.5;
  const text = `${difference > 0 ? '+' : ''}${difference.toFixed(2)}`;
  const missed = difference < -bound;
  return {
    text: `${missed ? `**${text}**` : text}${Number.isNaN(error) ? '' : ` ± ${error.toFixed(2)}`} (${better.length})`,
    state: !missed ? 'within' : difference + 2 * error < -bound ? 'clear' : 'unclear',
  };
}

/** Of the mean; NaN for a single value. */
function standardError(values: readonly number[]): number {
  const center = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - center) ** 2, 0);
  return values.length < 2 ? Number.NaN : Math.sqrt(squares / (values.length - 1) / values.length);
}
