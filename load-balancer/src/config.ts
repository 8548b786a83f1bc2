import { withoutBlanks } from '@parallel-pilot/shared/model/settings.ts';
import { readServerConfig, type ServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { z } from 'zod';
import type { Escalation } from './farm/farm.ts';

/**
 * `longestSilenceMs`: of a chunk, before it counts as hung. `announce`: the local network is told where workers join,
 * where this process listens on more than loopback. `escalation`: at which slack a deadline goes before others.
 */
export type BalancerConfig = ServerConfig & {
  longestSilenceMs?: number;
  announce?: boolean;
  escalation?: Partial<Escalation>;
};

const percent = z.coerce.number().min(0).max(100).optional();

const Own = z.object({
  PILOT_HANG_SECONDS: z.coerce
    .number()
    .positive()
    .max(7 * 24 * 3_600)
    .optional(),
  PILOT_DEADLINE_FIRST: percent,
  PILOT_DEADLINE_PREEMPT: percent,
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
  const { PILOT_DEADLINE_FIRST: first, PILOT_DEADLINE_PREEMPT: preempt } = own.data;
  const escalation = {
    ...(first === undefined ? {} : { first: first / 100 }),
    ...(preempt === undefined ? {} : { preempt: preempt / 100 }),
  };
  return {
    ...config,
    announce,
    escalation,
    ...(hang === undefined ? {} : { longestSilenceMs: hang * 1_000 }),
  };
}
