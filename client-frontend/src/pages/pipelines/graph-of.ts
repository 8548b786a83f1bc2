import type { Counts } from '@parallel-pilot/shared/api/jobs.ts';
import type { PipelineJob } from '@parallel-pilot/shared/api/pipelines.ts';
import type { RunsOn } from '@parallel-pilot/shared/model/dependencies.ts';
import type { JobStatus } from '@parallel-pilot/shared/model/job.ts';

/** One thing of the graph: a job, or the jobs of a matrix that are too many to be shown one by one. */
export type Node =
  | { id: string; of: 'job'; member: PipelineJob }
  | { id: string; of: 'matrix'; name: string; jobs: PipelineJob[]; counts: Counts };
/** `to` runs after `from`. */
export type Edge = { id: string; from: string; to: string; on: RunsOn };
export type Graph = { nodes: Node[]; edges: Edge[] };

/** The graph of a pipeline, with a matrix of more than `most` jobs as one node. */
export function graphOf(jobs: readonly PipelineJob[], most: number): Graph {
  const matrices = Map.groupBy(jobs, ({ matrix }) => matrix);
  const nodeOf = new Map<string, string>();
  const nodes = [...matrices].flatMap(([name, members]): Node[] => {
    const together = members.length > most;
    for (const { job } of members) nodeOf.set(job.id, together ? name : job.id);
    if (together) return [{ id: name, of: 'matrix', name, jobs: members, counts: countsOf(members) }];
    return members.map((member) => ({ id: member.job.id, of: 'job', member }));
  });
  const edges = new Map<string, Edge>();
  for (const { job, after } of jobs) {
    for (const { job: needed, on } of after) {
      const [from, to] = [nodeOf.get(needed), nodeOf.get(job.id)];
      if (from === undefined || to === undefined || from === to) continue;
      const id = `${from} ${to} ${on}`;
      edges.set(id, { id, from, to, on });
    }
  }
  return { nodes, edges: [...edges.values()] };
}

const PARTS: Record<JobStatus, Exclude<keyof Counts, 'total'>> = {
  blocked: 'queued',
  preparing: 'running',
  ready: 'leased',
  queued: 'queued',
  running: 'running',
  paused: 'leased',
  assembling: 'running',
  completed: 'done',
  failed: 'failed',
  canceled: 'canceled',
};

/** How many jobs stand how, as bars show the chunks of a job. */
function countsOf(members: readonly PipelineJob[]): Counts {
  const counts = {
    total: members.length,
    queued: 0,
    leased: 0,
    running: 0,
    done: 0,
    failed: 0,
    canceled: 0,
  };
  for (const { job } of members) counts[PARTS[job.state]] += 1;
  return counts;
}
