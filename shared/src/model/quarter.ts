/** What a farm has to do and could do is recorded, and forecast, by the quarter hour. */
export const QUARTER_MS = 15 * 60_000;

/** When the quarter hour began that a time lies in, in ms since 1970. */
export const quarterOf = (at: number): number => at - (at % QUARTER_MS);
