import { readServerConfig, type ServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { z } from 'zod';

/** `longestSilenceMs`: of a chunk, before it counts as hung. */
export type BalancerConfig = ServerConfig & { longestSilenceMs?: number };

const HangSeconds = z.coerce
  .number()
  .positive()
  .max(7 * 24 * 3_600)
  .optional();

/** The one place of this process that reads the environment. Throws an Error with a sentence for each bad variable. */
export function readConfig(): BalancerConfig {
  const config = readServerConfig(process.env);
  const hang = HangSeconds.safeParse(process.env.PILOT_HANG_SECONDS);
  if (!hang.success) {
    const [issue] = hang.error.issues;
    throw new Error(
      `The settings in the environment are not usable:\n  PILOT_HANG_SECONDS: ${issue?.message}`,
    );
  }
  return hang.data === undefined ? config : { ...config, longestSilenceMs: hang.data * 1_000 };
}
