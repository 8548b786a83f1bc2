import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeFigures } from './figures.ts';
import { isWay, measureScripts, readMeasured, SCRIPTS, type Script } from './training/scripts.ts';
import { tableOf, whyOf } from './training/table.ts';

/**
 * `npm run bench:training`: whether a model trained over shards is as good as the one that the same script makes on one
 * machine in as many epochs, and what a round costs beyond its slowest shard. Parts of docs/benchmarks.md; `--dry` prints
 * them alone. In parts: `-- --part digits`, `-- --part round-cost` (`--only small` or `large`, `--rounds N`), `-- --part overlap`, or
 * `-- --part scripts --script lstm,vae --seeds 1,2 --shards 4 --ways rounds,ddp`. What was measured of the scripts is kept
 * in `--results FILE`, so the table may be measured in many goes, of `--seconds 180` each.
 */
const { values } = parseArgs({
  options: {
    part: { type: 'string', default: 'digits,round-cost,scripts' },
    script: { type: 'string', default: SCRIPTS.join(',') },
    seeds: { type: 'string', default: '1,2,3,4,5' },
    shards: { type: 'string', default: '2,4,8' },
    ways: { type: 'string', default: 'again;part;rounds;rounds, mean;diloco, mean;ddp;sorted' },
    results: { type: 'string', default: fileURLToPath(new URL('training/results.jsonl', import.meta.url)) },
    seconds: { type: 'string', default: '' },
    by: { type: 'string', default: 'process' },
    only: { type: 'string' },
    rounds: { type: 'string' },
    dry: { type: 'boolean', default: false },
  },
});

const seeds = values.seeds.split(',').map(Number);
for (const part of values.part.split(',')) {
  if (part === 'scripts') await scripts();
  else if (part === 'digits') await process_('digits.ts', String(seeds.length));
  else if (part === 'overlap') await process_('overlap.ts', ...roundCostArguments());
  else if (part === 'round-cost') await process_('round-cost.ts', ...roundCostArguments());
  else throw new Error(`there is no part "${part}": digits, round-cost, overlap, scripts`);
}

function roundCostArguments(): string[] {
  const { dry, only, rounds } = values;
  return [
    ...(dry ? ['--dry'] : []),
    ...(only === undefined ? [] : [`--only=${only}`]),
    ...(rounds === undefined ? [] : [`--rounds=${rounds}`]),
  ];
}

async function process_(file: string, ...args: string[]): Promise<void> {
  const program = fileURLToPath(new URL(`training/${file}`, import.meta.url));
  const [code] = await once(spawn(process.execPath, [program, ...args], { stdio: 'inherit' }), 'exit');
  if (code !== 0) process.exitCode = 1;
}

async function scripts(): Promise<void> {
  const shards = values.shards.split(',').map(Number);
  const ways = values.ways.split(';').map((name) => {
    if (!isWay(name)) throw new Error(`there is no way "${name}"`);
    return name;
  });
  const by = values.by === 'farm' ? 'farm' : 'process';
  const wanted = values.script.split(',').map((script) => {
    if (!isScript(script)) throw new Error(`there is no script "${script}": ${SCRIPTS.join(', ')}`);
    return script;
  });
  const seconds = values.seconds === '' ? Number.POSITIVE_INFINITY : Number(values.seconds);
  await measureScripts({ scripts: wanted, seeds, shards, ways, by, file: values.results, seconds });
  const all = await readMeasured(values.results);
  const [report, why] = [tableOf(all), whyOf(all)];
  if (!values.dry) await writeFigures('training_scripts', report);
  if (!values.dry) await writeFigures('training_scripts_why', why);
  process.stdout.write(`${report}\n`);
}

function isScript(name: string): name is Script {
  return SCRIPTS.some((script) => script === name);
}
