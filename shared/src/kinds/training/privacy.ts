import type { Note } from '../kind.ts';
import type { TrainingSettings } from './settings.ts';

/*
 * Differential privacy of what one shard holds (DP-FedAvg, McMahan et al., Learning Differentially Private Recurrent
 * Language Models, arXiv 1710.06963): each update is clipped to the norm `clip`, all count alike, and to their sum
 * noise is added whose standard deviation is `noise` times `clip`. All shards take part in every round, so nothing is
 * gained by sampling.
 */

/** With which probability the bound may fail: small against one over the number of shards. */
export const DELTA = 1e-5;

/**
 * The epsilon for DELTA after so many rounds. A round is a Gaussian mechanism with sensitivity 1 and standard deviation
 * `noise`, which is (1 / (2 noise^2))-zCDP; rounds add up, and rho-zCDP is (rho + 2 sqrt(rho ln(1/delta)), delta)-DP
 * (Bun and Steinke, arXiv 1605.02065, propositions 1.6, 1.3 and lemma 2.3). Infinity without noise.
 */
export function epsilonOf(noise: number, rounds: number, delta = DELTA): number {
  if (noise === 0) return Number.POSITIVE_INFINITY;
  const rho = rounds / (2 * noise ** 2);
  return rho + 2 * Math.sqrt(rho * Math.log(1 / delta));
}

type Private = Pick<TrainingSettings, 'clip' | 'noise'>;

/** What that comes to, for people: "epsilon 4.2, delta 1e-5"; null without noise. */
export const privacyInWords = ({ clip, noise }: Private, rounds: number): string | null =>
  clip === null || noise === 0 ? null : `epsilon ${epsilonOf(noise, rounds).toPrecision(3)}, delta ${DELTA}`;

/** What is said of the result; null without noise. */
export function privacyNote(settings: Private & { secure?: boolean }, rounds: number): Note | null {
  const words = privacyInWords(settings, rounds);
  if (words === null) return null;
  const farm = settings.secure
    ? 'and towards the farm, which sees sums with their noise alone'
    : 'and not towards the farm itself';
  const message = `Differential privacy of a shard, after ${rounds} ${rounds === 1 ? 'round' : 'rounds'}: ${words}. It holds for the models, not for figures, pictures and prints of the script, ${farm}.`;
  return { level: 'info', code: 'privacy', message };
}

/** What settings ask for that does not go together; null where all does. */
export function privacyProblem({
  clip,
  noise,
  trim,
  mode,
}: Private & Pick<TrainingSettings, 'trim' | 'mode'>): string | null {
  if (clip === null && noise === 0) return null;
  if (mode === 'ddp') return 'Clipping and noise are for updates of shards; in mode ddp there are none.';
  if (clip === null) return 'Noise needs a bound of each update to be measured by: give clip, too.';
  if (trim > 0) return 'With clip every update counts alike; leave trim out.';
  return null;
}

export const UNNOISED_STATE = {
  code: 'unnoised-state',
  message:
    'The script keeps state to be merged (pilot.keep with merge), which is neither clipped nor noised, and would tell of the shards. Keep it for each shard by itself, or leave noise out.',
};
