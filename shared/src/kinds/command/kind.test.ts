import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { StageId } from '../../model/ids.ts';
import type { NextStep, StagePlan } from '../kind.ts';
import { command } from './kind.ts';
import { CommandSpec } from './spec.ts';
import { type LeftOver, RunsChunk, RunsStage } from './stages.ts';

const specOf = (runs: number, settings: object = {}): CommandSpec =>
  CommandSpec.parse({
    kind: 'command',
    words: ['sim', '{index}'],
    files: [{ path: 'a/sim.py', blob: '1'.repeat(64), size: 3, executable: true }],
    parameters: { from: 'array', range: { first: 1, last: runs } },
    settings,
  });

const chunksOf = ({ chunks }: StagePlan): RunsChunk[] =>
  chunks.slice(0, chunks.length).map((chunk) => RunsChunk.parse(chunk));

function after(spec: CommandSpec, stage: StagePlan, taskValue: LeftOver): NextStep {
  const last = { id: 'stg_1' as StageId, name: stage.name, spec: stage.spec, total: stage.chunks.length };
  return command.next({
    ...{ spec, given: null, decided: null, fleet: [] },
    last: { ...last, done: [], failedCount: 0, failed: [], taskValue },
  });
}

test('whatever bundles leave over, every run is done exactly once in the end', () => {
  // Of each chunk: how many runs its worker comes to, and which of them fail.
  const fates = fc.array(
    fc.record({ did: fc.integer({ min: 1, max: 70 }), fails: fc.nat(20), ms: fc.nat(900) }),
    { minLength: 1 },
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2_000 }),
      fc.option(fc.integer({ min: 1, max: 50 })),
      fates,
      (runs, chunk, given) => {
        const spec = specOf(runs, { chunk });
        const done = new Set<number>();
        let stage = command.first(spec);
        for (let stages = 1; ; stages += 1) {
          const { bundle, total, runs: of, iteration } = RunsStage.parse(stage.spec);
          assert.deepEqual([total, of, iteration], [runs, runs - done.size, stages]);
          const left: LeftOver = { unbegun: [], failed: [], meanMs: given[0]?.ms ?? 0, packed: null };
          for (const [ordinal, { first, count }] of chunksOf(stage).entries()) {
            assert.ok(count <= bundle);
            const fate = given[(ordinal + stages) % given.length];
            const did = bundle === 1 ? 1 : Math.min(count, fate?.did ?? 1);
            for (let at = 0; at < did; at += 1) {
              if (count > 1 && at === fate?.fails) left.failed.push(first + at);
              else {
                assert.ok(!done.has(first + at), `run ${first + at} is done twice`);
                done.add(first + at);
              }
            }
            if (did < count) left.unbegun.push([first + did, count - did]);
          }
          const step = after(spec, stage, left);
          if (step.step !== 'stage') {
            assert.equal(step.step, 'assemble');
            break;
          }
          stage = step.stage;
        }
        assert.equal(done.size, runs);
      },
    ),
  );
});

test('a million chunks are made a thousand at a time', () => {
  const { chunks, ...stage } = command.first(specOf(1_000_000, { chunk: 1 }));
  assert.equal(chunks.length, 1_000_000);
  assert.deepEqual(chunks.slice(999_998, 1_000_001), [
    { first: 999_998, count: 1 },
    { first: 999_999, count: 1 },
  ]);
  assert.ok(JSON.stringify(stage).length < 1_000, 'what stands with every chunk is small');
});

test('a failed run ends the job with its number, its reason and its last line', () => {
  const spec = specOf(20);
  const stage = command.first(spec);
  const log = 'start\nno such column: x\n';
  const failed = [
    {
      ordinal: 3,
      spec: { first: 3, count: 1 },
      code: 'command/exit-code',
      message: 'It ended with exit code 2.',
      log,
    },
  ];
  const last = {
    id: 'stg_1' as StageId,
    name: 'runs',
    spec: stage.spec,
    total: 20,
    done: [],
    taskValue: null,
  };
  const step = command.next({
    spec,
    given: null,
    decided: null,
    fleet: [],
    last: { ...last, failedCount: 1, failed },
  });
  assert.deepEqual(step, {
    step: 'fail',
    code: 'command/exit-code',
    message: '1 run of 20 failed. Run 4: It ended with exit code 2. It printed last: no such column: x',
  });
});

test('a report about other runs than those of its chunk is refused', () => {
  const stage = { name: 'runs', spec: {} };
  const run = (number: number) => ({ run: number, ms: 1, out: 0, err: 0, files: [] });
  const problem = (...runs: number[]) =>
    command.resultProblem(stage, { first: 10, count: 5 }, { runs: runs.map(run), failed: [] });
  assert.equal(problem(10, 12), null);
  for (const runs of [[9], [15], [11, 11], [12, 11]])
    assert.match(problem(...runs) ?? '', /about other runs/, `${runs}`);
  assert.match(
    command.resultProblem(stage, { first: 0, count: 1 }, { runs: 'x' }) ?? '',
    /does not have the form/,
  );
});
