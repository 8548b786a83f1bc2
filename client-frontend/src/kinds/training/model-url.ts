import type { WhichRound } from '@parallel-pilot/shared/kinds/training/view.ts';

/** Where the merged model of a round is downloaded. */
export const modelUrl = (job: string, round: WhichRound): string =>
  `/api/v1/jobs/${encodeURIComponent(job)}/rounds/${round}/model`;
