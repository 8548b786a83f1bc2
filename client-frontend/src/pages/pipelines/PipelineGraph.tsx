import '@xyflow/react/dist/base.css';
import { useElementSize, useMediaQuery } from '@mantine/hooks';
import type { Counts } from '@parallel-pilot/shared/api/jobs.ts';
import { Controls, type Edge as FlowEdge, Handle, Position, ReactFlow } from '@xyflow/react';
import { createContext, useContext, useMemo } from 'react';
import { Link } from 'react-router';
import { Bar, CountsBar } from '../../components/Bar.tsx';
import { formatCount } from '../../components/format.ts';
import { StateBadge } from '../../components/StateBadge.tsx';
import { siteKind } from '../../kinds/registry.ts';
import classes from './Graph.module.css';
import type { Edge, Graph, Node } from './graph-of.ts';
import { NODE, type Placed, placeNodes } from './place-nodes.ts';

type PipelineGraphProps = {
  graph: Graph;
  /** The matrix whose jobs are listed; null for none. */
  chosen: string | null;
  onChoose(matrix: string | null): void;
};

type Shown = { direction: 'right' | 'down' } & Omit<PipelineGraphProps, 'graph'>;
const ShownGraph = createContext<Shown>({ direction: 'right', chosen: null, onChoose() {} });

const TALLEST = 620;
/** Around the nodes, in pixels; the controls are below them. */
const AROUND = { top: 20, bottom: 56, left: 20, right: 20 };

/** A pipeline as a graph: what runs later stands further right, on a narrow screen further down. */
export function PipelineGraph({ graph, chosen, onChoose }: PipelineGraphProps) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const narrow = useMediaQuery('(max-width: 700px)') ?? false;
  const direction = narrow ? 'down' : 'right';
  // States come anew every moment, and the places of the nodes with their names alone.
  const shape = JSON.stringify([graph.nodes.map(({ id }) => id), graph.edges]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the shape is all of the graph that it reads
  const placed = useMemo(() => placeNodes(graph, direction), [shape, direction]);
  const nodes = graph.nodes.map((node) => ({
    id: node.id,
    type: 'pipeline',
    position: placed.at.get(node.id) ?? { x: 0, y: 0 },
    data: { node },
    ...NODE,
    // Without it what stands in a node that cannot be moved cannot be clicked.
    style: { pointerEvents: 'all' as const },
  }));
  const edges = useMemo(() => graph.edges.map(lineOf), [graph.edges]);
  const shown = useMemo(() => ({ direction, chosen, onChoose }) as const, [direction, chosen, onChoose]);
  return (
    <ShownGraph value={shown}>
      <div ref={ref} className={classes.graph} style={{ height: heightOf(placed, width) }}>
        <ReactFlow
          // Where nodes come or go it is fitted anew.
          key={`${direction} ${shape} ${width > 0}`}
          aria-label="Jobs of the pipeline, and what each runs after"
          nodes={nodes}
          edges={edges}
          nodeTypes={NODE_TYPES}
          fitView
          fitViewOptions={{ padding: PADDING, maxZoom: 1 }}
          minZoom={0.15}
          maxZoom={1.5}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          disableKeyboardA11y
          zoomOnScroll={false}
          preventScrolling={false}
        >
          <Controls showInteractive={false} position="bottom-left" orientation="horizontal" />
        </ReactFlow>
      </div>
      <Legend edges={graph.edges} />
    </ShownGraph>
  );
}

const PADDING = {
  top: `${AROUND.top}px`,
  bottom: `${AROUND.bottom}px`,
  left: `${AROUND.left}px`,
  right: `${AROUND.right}px`,
} as const;

/** As much as the nodes take at the scale at which they fit. */
function heightOf(placed: Placed, width: number): number {
  const room = width - AROUND.left - AROUND.right;
  const scale = width === 0 ? 1 : Math.min(1, room / placed.width);
  return Math.min(TALLEST, placed.height * scale + AROUND.top + AROUND.bottom);
}

const LINES = { success: '', failure: classes.failure ?? '', always: classes.always ?? '' };

const lineOf = ({ id, from, to, on }: Edge): FlowEdge => ({
  id,
  source: from,
  target: to,
  className: LINES[on],
});

const MEANINGS = { success: 'runs on success', failure: 'runs on failure', always: 'runs however it ends' };

/** What the lines mean, where there is more than one sort of them. */
function Legend({ edges }: { edges: readonly Edge[] }) {
  const sorts = (['success', 'failure', 'always'] as const).filter((sort) =>
    edges.some(({ on }) => on === sort),
  );
  if (sorts.every((sort) => sort === 'success')) return null;
  return (
    <ul className={classes.legend}>
      {sorts.map((sort) => (
        <li key={sort}>
          <svg width="34" height="6" aria-hidden className={LINES[sort]}>
            <line x1="0" x2="34" y1="3" y2="3" />
          </svg>
          {MEANINGS[sort]}
        </li>
      ))}
    </ul>
  );
}

function NodeView({ data: { node } }: { data: { node: Node } }) {
  const { direction } = useContext(ShownGraph);
  const right = direction === 'right';
  return (
    <>
      <Handle
        type="target"
        position={right ? Position.Left : Position.Top}
        className={classes.handle ?? ''}
      />
      {node.of === 'job' ? <JobNode node={node} /> : <MatrixNode node={node} />}
      <Handle
        type="source"
        position={right ? Position.Right : Position.Bottom}
        className={classes.handle ?? ''}
      />
    </>
  );
}

const NODE_TYPES = { pipeline: NodeView };

function JobNode({ node: { member } }: { node: Extract<Node, { of: 'job' }> }) {
  const { name, job } = member;
  return (
    <Link to={`/jobs/${job.id}`} className={classes.node} data-state={job.state}>
      <strong>{name}</strong>
      <StateBadge job={job} preparing={siteKind(job.kind)?.words.preparing} />
      <Bar label={`Progress of ${name}`} fraction={job.fraction} height={4} />
    </Link>
  );
}

function MatrixNode({ node: { name, counts } }: { node: Extract<Node, { of: 'matrix' }> }) {
  const { chosen, onChoose } = useContext(ShownGraph);
  const failed = counts.failed === 0 ? '' : `, ${formatCount(counts.failed)} failed`;
  const pressed = chosen === name;
  return (
    <button
      type="button"
      className={classes.node}
      data-matrix
      data-state={stateOf(counts)}
      aria-pressed={pressed}
      onClick={() => onChoose(pressed ? null : name)}
    >
      <strong>
        {name} <small>× {formatCount(counts.total)}</small>
      </strong>
      <span className={classes.counts}>
        {formatCount(counts.done)} completed{failed}
      </span>
      <CountsBar label={`Jobs of ${name}`} counts={counts} height={6} />
    </button>
  );
}

function stateOf({ total, done, failed, running }: Counts): string | undefined {
  if (failed > 0) return 'failed';
  if (done === total) return 'completed';
  return running > 0 ? 'running' : undefined;
}
