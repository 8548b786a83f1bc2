/** The most frames one job may have. */
export const MAX_FRAMES = 1_000_000;
