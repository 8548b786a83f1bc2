import { withoutBlanks } from '@parallel-pilot/shared/model/settings.ts';
import { readServerConfig, type ServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { z } from 'zod';

/**
 * `longestSilenceMs`: of a chunk, before it counts as hung. `announce`: the local network is told where workers join,
 * where this process listens on more than loopback.
 */
export type BalancerConfig = ServerConfig & {
  longestSilenceMs?: number;
  announce?: boolean;
};

const Own = z.object({
  PILOT_HANG_SECONDS: z.coerce
    .number()
    .positive()
    .max(7 * 24 * 3_600)
    .optional(),
  PILOT_ANNOUNCE: z.stringbool({ error: 'expected 1 or 0' }).default(true),
});

/** The one place of this process that reads the environment. Throws an Error with a sentence for each bad variable. */
export function readConfig(): BalancerConfig {
  const config = readServerConfig(process.env);
  const own = Own.safeParse(withoutBlanks(process.env));
  if (!own.success) {
    const lines = own.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`The settings in the environment are not usable:\n${lines.join('\n')}`);
  }
  const { PILOT_HANG_SECONDS: hang, PILOT_ANNOUNCE: announce } = own.data;
  return {
    ...config,
    announce,
    ...(hang === undefined ? {} : { longestSilenceMs: hang * 1_000 }),
  };
}
