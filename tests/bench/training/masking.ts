import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recover } from '@parallel-pilot/shared/kinds/training/secure/recover.ts';
import { scaleOf, thresholdOf } from '@parallel-pilot/shared/kinds/training/secure/scale.ts';
import {
  answerUnmask,
  masksOf,
  newSecrets,
  openKeys,
  shareSecrets,
} from '@parallel-pilot/worker/kinds/training/secure/participant.ts';
import { maskFile, quantiseFile, unmaskSum } from '@parallel-pilot/worker/kinds/training/secure/vectors.ts';

/*
 * node tests/bench/training/masking.ts: what secure aggregation costs a shard and the merge, by itself. No farm is started.
 */

const COUNT = 4_000_000;
const watched = { signal: new AbortController().signal };

async function timed(work: () => unknown): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

async function measure(folder: string, shards: number, lost: number) {
  const threshold = thresholdOf(shards);
  const all = Array.from({ length: shards }, (_, shard) => shard);
  const secrets = all.map(() => newSecrets(randomBytes));
  const roster = secrets.map((one, shard) => ({ shard, ...openKeys(one) }));
  const part = (shard: number) => ({ shard, secrets: secrets[shard] as (typeof secrets)[0], roster });
  let sealed: ReturnType<typeof shareSecrets> = [];
  const shares = await timed(() => {
    sealed = shareSecrets(part(0), threshold, randomBytes);
  });
  sealed = [...sealed, ...all.slice(1).flatMap((shard) => shareSecrets(part(shard), threshold, randomBytes))];
  const [vector, masked, sum] = ['vector', 'masked', 'sum'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const scale = scaleOf({ clip: 1, noise: 0, shards, threshold });
  const quantise = await timed(() =>
    quantiseFile(join(folder, 'change'), vector, { scale, clip: 1, random: randomBytes, ...watched }),
  );
  const mask = await timed(() => maskFile(vector, masked, masksOf(part(0), all, threshold), watched));
  const asked = { sharers: all, survivors: all.slice(lost), threshold };
  const answers = asked.survivors.map((shard) => ({
    shard,
    shares: answerUnmask(part(shard), sealed, asked),
  }));
  const recovered = recover(answers, asked);
  if (!recovered.ok) throw new Error(recovered.message);
  const paths: string[] = [];
  for (const shard of asked.survivors) {
    paths.push(join(folder, `${shard}`));
    await maskFile(vector, paths.at(-1) as string, masksOf(part(shard), all, threshold), watched);
  }
  const unmask = await timed(() =>
    unmaskSum(paths, sum, { roster, ...asked, ...recovered.secrets, ...scale }, watched),
  );
  const per = (ms: number) => `${(ms / (COUNT / 1e6)).toFixed(1)} ms`;
  const bytes = (await stat(masked)).size / COUNT;
  return {
    shards,
    lost,
    shares: `${shares.toFixed(1)} ms`,
    quantise: per(quantise),
    mask: per(mask),
    unmask: per(unmask),
    'bytes a weight': bytes,
  };
}

const folder = await mkdtemp(join(tmpdir(), 'pilot-masking-'));
try {
  await writeFile(join(folder, 'change'), new Float64Array(COUNT).fill(1e-4));
  const rows = [];
  for (const [shards, lost] of [
    [4, 0],
    [4, 1],
    [16, 0],
    [16, 4],
  ] as const)
    rows.push(await measure(folder, shards, lost));
  console.log('Times of a million weights, but for the shares, which hang on the number of shards alone.');
  console.table(rows);
} finally {
  await rm(folder, { recursive: true, force: true });
}
