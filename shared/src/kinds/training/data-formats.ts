/** Ends of the names of files that hold data. */
export const DATA_FORMATS = ['npz', 'csv', 'jsonl', 'zip'] as const;
