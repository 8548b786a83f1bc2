/** The most frames one job may have. */
export const MAX_FRAMES = 1_000_000;
/** Of a scene rendered in several: two for stereo, and more for arrays of cameras. */
export const MOST_VIEWS = 16;
