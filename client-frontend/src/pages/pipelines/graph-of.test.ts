import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PipelineJob } from '@parallel-pilot/shared/api/pipelines.ts';
import { graphOf } from './graph-of.ts';
import { placeNodes } from './place-nodes.ts';

const job = (name: string, matrix: string, state: string, ...after: [string, string][]) =>
  ({
    name,
    matrix,
    after: after.map(([one, on]) => ({ job: one, on })),
    job: { id: name, state },
  }) as unknown as PipelineJob;

const JOBS = [
  job('make', 'make', 'completed'),
  ...['a', 'b', 'c'].map((one) => job(one, 'learn', one === 'a' ? 'failed' : 'running', ['make', 'success'])),
  job('all', 'all', 'blocked', ['a', 'success'], ['b', 'success'], ['c', 'success'], ['make', 'always']),
  job('rescue', 'rescue', 'running', ['a', 'failure'], ['gone', 'success']),
];

test('a matrix of many jobs is one node, with one line to each thing that needs any of them', () => {
  const { nodes, edges } = graphOf(JOBS, 2);
  assert.deepEqual(
    nodes.map(({ id, of }) => `${of} ${id}`),
    ['job make', 'matrix learn', 'job all', 'job rescue'],
  );
  assert.deepEqual(
    edges.map(({ from, to, on }) => `${from} ${to} ${on}`),
    ['make learn success', 'learn all success', 'make all always', 'learn rescue failure'],
  );
  const matrix = nodes[1];
  assert.ok(matrix?.of === 'matrix');
  assert.deepEqual([matrix.counts.total, matrix.counts.running, matrix.counts.failed], [3, 2, 1]);
});

test('a matrix of few jobs is as many nodes', () => {
  const { nodes, edges } = graphOf(JOBS, 3);
  assert.equal(nodes.length, 6);
  assert.equal(edges.length, 3 + 4 + 1);
});

test('jobs of a matrix stand in their order below each other', () => {
  const { at } = placeNodes(graphOf(JOBS, 3), 'right');
  const [a, b, c] = ['a', 'b', 'c'].map((one) => at.get(one)?.y ?? 0);
  assert.ok(a !== undefined && b !== undefined && c !== undefined && a < b && b < c, `${a} ${b} ${c}`);
});
