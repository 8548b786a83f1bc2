import { z } from 'zod';
import { printable } from '../model/printable.ts';

/** Characters of what a chunk under way printed last. */
export const LONGEST_LIVE_LOG = 2_000;

/**
 * The last lines that the program of a chunk under way printed. A worker sends them once a second at
 * most, and only when others came: left out, they are as they were.
 */
export const LiveLog = z.string().max(LONGEST_LIVE_LOG);

/** As it comes from a worker: without control characters that a terminal would execute. */
export const WorkerLog = LiveLog.transform(printable);
