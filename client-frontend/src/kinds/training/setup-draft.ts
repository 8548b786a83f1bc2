/** Where the form of a new training is kept: one at a time, so that a reload brings it back. */
export const DRAFT = 'training';
