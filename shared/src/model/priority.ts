/** Jobs of this priority or a greater one are urgent: for them, what lesser jobs of their team run is taken back. */
export const URGENT = 100;

/** Whether work that runs may be taken back for the job. */
export const mayPreempt = ({ priority }: { priority: number }): boolean => priority >= URGENT;
