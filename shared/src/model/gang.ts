/** The capability by which a stage asks for workers that may be in a gang; its value is their reach. */
export const GANG = 'gang';
