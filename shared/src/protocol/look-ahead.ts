/**
 * So many chunks a worker of so many slots holds at most beyond those that it runs. The load balancer gives by time,
 * some hundred milliseconds of work: this bounds what a wrong guess does, and it is what a worker makes room for.
 */
export const mostAhead = (slots: number): number => Math.min(24 * slots, 1_024);
