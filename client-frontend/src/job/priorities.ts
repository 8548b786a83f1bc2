/** Places in the queue that people choose from. */
export const PRIORITIES = [
  { value: 50, label: 'Before the others' },
  { value: 0, label: 'Normal' },
  { value: -50, label: 'After the others' },
] as const;
