import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benchScript } from './training/scripts.ts';

/**
 * `npm run bench:training`: whether a model trained over shards is as good as the one that the same script makes on one
 * machine in as many epochs. In parts: `-- --script lstm,vae --seeds 2 --shards 4 --ways rounds,diloco --keep mean`.
 * Each script has a part of docs/benchmarks.md; `--dry` prints it alone.
 */
const SCRIPTS = ['cnn', 'lstm', 'vae', 'batchnorm', 'words', 'dcgan'];

const { values } = parseArgs({
  options: {
    script: { type: 'string', default: ['digits', ...SCRIPTS].join(',') },
    seeds: { type: 'string', default: '5' },
    shards: { type: 'string', default: '2,4,8' },
    ways: { type: 'string', default: 'rounds,diloco,sorted' },
    /** How the scripts keep their optimizers: shard, or mean. */
    keep: { type: 'string', default: 'shard' },
    'outer-lr': { type: 'string' },
    'outer-momentum': { type: 'string' },
    /** Rounds of mode diloco in place of one of epochs. */
    often: { type: 'string', default: '1' },
    dry: { type: 'boolean', default: false },
  },
});
const number = (text: string | undefined) => (text === undefined ? null : Number(text));
for (const script of values.script.split(',')) {
  if (script === 'digits') {
    const digits = fileURLToPath(new URL('training/digits.ts', import.meta.url));
    const [code] = await once(spawn(process.execPath, [digits, values.seeds], { stdio: 'inherit' }), 'exit');
    if (code !== 0) process.exitCode = 1;
    continue;
  }
  if (!SCRIPTS.includes(script)) throw new Error(`there is no script "${script}": ${SCRIPTS.join(', ')}`);
  await benchScript(script, {
    seeds: Array.from({ length: Number(values.seeds) }, (_, index) => index + 1),
    shards: values.shards.split(',').map(Number),
    ways: values.ways.split(','),
    keep: values.keep,
    outerLr: number(values['outer-lr']),
    outerMomentum: number(values['outer-momentum']),
    often: Number(values.often),
    dry: values.dry,
  });
}
