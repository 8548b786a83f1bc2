import { Graph as Dagre, layout } from '@dagrejs/dagre';
import type { Graph } from './graph-of.ts';

export const NODE = { width: 196, height: 74 };

export type Placed = { at: ReadonlyMap<string, { x: number; y: number }>; width: number; height: number };

/** Where the upper left corner of each node is, in pixels: what runs later stands further right, or further down. */
export function placeNodes({ nodes, edges }: Graph, direction: 'right' | 'down'): Placed {
  const graph = new Dagre({ multigraph: true });
  const rankdir = direction === 'right' ? 'LR' : 'TB';
  graph.setGraph({ rankdir, nodesep: 18, ranksep: direction === 'right' ? 64 : 44 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id } of nodes) graph.setNode(id, { ...NODE });
  // Where it is free to choose, Dagre puts what came last first.
  for (const { id, from, to } of edges.toReversed()) graph.setEdge(from, to, {}, id);
  layout(graph);
  const at = nodes.map(({ id }): [string, { x: number; y: number }] => {
    const { x, y } = graph.node(id) as { x: number; y: number };
    return [id, { x: x - NODE.width / 2, y: y - NODE.height / 2 }];
  });
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return { at: new Map(at), width, height };
}
