import { join } from 'node:path';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import type { RoundList } from '@parallel-pilot/shared/kinds/training/view.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import type { Api } from '../../api/client.ts';
import { patiently } from '../../api/patience.ts';
import { saveFile } from '../../api/save.ts';
import type { RunEvent } from '../../report/events.ts';
import { fetchRounds, trainingOf } from './rounds.ts';

type Round = RoundList['rounds'][number];
type Wanted = { folder: string; which: string | null };

/** Fetches the merged model of one round: of the one that is asked for, or of the best. `missing` is a sentence. */
export async function saveRound(
  api: Api,
  job: JobDetail,
  { folder, which }: Wanted,
  report: (event: RunEvent) => void,
  signal: AbortSignal,
): Promise<{ missing: string | null }> {
  const { settings, best, round: begun } = trainingOf(job);
  const named = which === null || which === 'best' || which === 'last';
  if (!named && !/^[1-9]\d*$/.test(which)) {
    return { missing: `"${which}" is no round: write best, last, or the number of a round.` };
  }
  const found = named
    ? await newest(api, job, which === 'last' ? null : (best?.round ?? null), begun)
    : await roundOf(api, job, Number(which));
  if (found === null) {
    const what = named ? 'There is no model yet' : `Round ${which} has no model`;
    return {
      missing: `${what}: ${begun === 0 ? 'no round has begun' : 'it is not merged, or was not kept'}.`,
    };
  }
  const { round } = found;
  const path = join(folder, `model-round-${round}.npz`);
  const size = await saveFile(api, `/api/v1/jobs/${job.id}/rounds/${round}/model`, path, signal);
  report({
    event: 'round.saved',
    job: job.id,
    round,
    rounds: settings.rounds,
    best: found.best,
    metrics: found.metrics,
    path,
    size,
  });
  // Asked for, or all that there will be; otherwise there is more to come.
  return {
    missing:
      which !== null || isOver(job.state) || job.state === 'paused' ? null : 'That is the best so far.',
  };
}

const roundOf = async (api: Api, job: JobDetail, round: number): Promise<Round | null> => {
  const { rounds } = await patiently(() => fetchRounds(api, job.id, round - 1));
  const found = rounds.find((one) => one.round === round);
  return found !== undefined && found.model !== null ? found : null;
};

/** The best round, or the newest that is merged where none is named. */
async function newest(api: Api, job: JobDetail, best: number | null, begun: number): Promise<Round | null> {
  if (best !== null) return roundOf(api, job, best);
  return (await roundOf(api, job, begun)) ?? (begun > 1 ? roundOf(api, job, begun - 1) : null);
}
