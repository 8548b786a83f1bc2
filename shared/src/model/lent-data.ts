import { z } from 'zod';
import type { Requirement } from './requirement.ts';

/** By what name the owner of a worker lends a folder of data, which never leaves the machine. */
export const LentName = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]{0,63}$/, 'expected a name of letters, digits, "_", "-" and "."');
export type LentName = z.infer<typeof LentName>;

export const MOST_LENT = 64;

/** Under which a worker says the names of what its owner lends so. Other teams neither see nor match them. */
export const LENT_DATA = 'lentData';

export const needsLent = (value: LentName): Requirement => ({ key: LENT_DATA, op: 'includes', value });
