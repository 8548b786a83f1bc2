import { URGENT } from '@parallel-pilot/shared/model/priority.ts';

/** Places in the queue that people choose from. */
export const PRIORITIES = [
  { value: URGENT, label: 'Urgent: takes back what runs' },
  { value: 50, label: 'Before the others' },
  { value: 0, label: 'Normal' },
  { value: -50, label: 'After the others' },
] as const;

/** Which of them a job has, or is nearest to. */
export const placeOf = (priority: number): number => (priority >= URGENT ? URGENT : 50 * Math.sign(priority));
