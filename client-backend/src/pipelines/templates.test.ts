import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CreatePipeline } from '@parallel-pilot/shared/api/pipelines.ts';
import { SaveTemplate } from '@parallel-pilot/shared/api/templates.ts';
import type { TemplateId } from '@parallel-pilot/shared/model/ids.ts';
import { listTemplates } from '@parallel-pilot/shared/server/db/templates.ts';
import { startMariaDb } from '../../../tests/support/mariadb.ts';
import { submissionOf } from '../jobs/job-detail.ts';
import { asFirst, startTestFarm, storeBytes, type TestFarm } from '../jobs/test-farm.fixture.ts';
import { saveAsTemplate } from './pipeline-template.ts';
import { pipelineDetail } from './pipeline-views.ts';
import { submitPipeline } from './submit-pipeline.ts';
import { removeTemplate, runTemplate, saveTemplate, templateView } from './templates.ts';

let farm: TestFarm;
let hash: string;

const template = (more: object = {}) =>
  SaveTemplate.parse({
    name: 'digits',
    source: { name: 'digits.yaml', text: 'jobs: {}' },
    parameters: {
      runs: { default: 3, min: 1, max: 10, whole: true },
      look: { default: 'low', values: ['low', 'high'] },
    },
    fixed: { memory: '2G' },
    jobs: [
      {
        name: 'simulate',
        id: 'job_00000000',
        job: {
          kind: 'command',
          words: ['sh', 'run.sh', '--look={parameters.look}', '{index}'],
          files: [{ path: 'run.sh', blob: hash }],
          parameters: { from: 'array', range: { first: 1, last: { parameter: 'runs' }, step: 1 } },
        },
      },
    ],
    ...more,
  });

async function saved(more: object = {}): Promise<TemplateId> {
  const kept = await saveTemplate(farm.parts, farm.by, template(more));
  assert.ok(kept.ok, kept.ok ? '' : kept.message);
  return kept.id;
}

const run = (
  id: TemplateId,
  parameters: Record<string, string> = {},
  request: string = crypto.randomUUID(),
) => runTemplate(farm.parts, farm.by, id, { request, parameters });

for (const [column, startDatabase] of [
  ['SQLite', async () => null],
  ['MariaDB', startMariaDb],
] as const)
  describe(`templates, on ${column}`, () => {
    let database: Awaited<ReturnType<typeof startMariaDb>> | null;
    before(async () => {
      database = await startDatabase();
      farm = await startTestFarm({ databaseUrl: database?.url });
      await farm.addWorker({ kinds: ['command'], 'command.programs': ['sh'] });
      ({ hash } = await storeBytes(farm.parts, Buffer.from('echo $1'), 'text/plain'));
    });
    after(async () => {
      await farm?.stop();
      await database?.stop();
    });

    test('is run with other values, says them, and makes one pipeline of a request that is heard twice', async () => {
      const id = await saved();
      const made = await run(id, { runs: '7', look: 'high' }, 'twice');
      assert.ok(made.ok, made.ok ? '' : made.message);
      const pipeline = await pipelineDetail(farm.parts, made.pipeline, farm.by.team);
      assert.deepEqual(
        [pipeline?.name, pipeline?.parameters, pipeline?.source?.name],
        ['digits', { memory: '2G', runs: '7', look: 'high' }, 'digits.yaml'],
      );
      const [job] = pipeline?.jobs ?? [];
      assert.ok(job);
      const sent = (await submissionOf(farm.parts, job.job.id, farm.by.team)) as unknown as {
        words: string[];
        parameters: { range: { last: number } };
      };
      assert.deepEqual([sent.words[2], sent.parameters.range.last], ['--look=high', 7]);
      const again = await run(id, { runs: '7' }, 'twice');
      assert.ok(again.ok && again.pipeline === made.pipeline);
    });

    test('a value that cannot be is refused with what can', async () => {
      const id = await saved();
      for (const [parameters, message] of [
        [{ runs: '11' }, /^The parameter runs has to be 10 at the most, not "11"/],
        [{ runs: '2.5' }, /^The parameter runs has to be a whole number, not "2.5"/],
        [{ runs: 'many' }, /^The parameter runs expects a number, not "many"/],
        [{ look: 'best' }, /^The parameter look can be low, high, not "best"/],
        [{ rows: '1' }, /^This template has no parameter rows; there are runs, look/],
        [{ memory: '4G' }, /^The parameter memory is 2G in this template and cannot be changed/],
      ] as const) {
        const refused = await run(id, parameters as Record<string, string>);
        assert.ok(!refused.ok);
        assert.match(refused.message, message);
      }
    });

    test('a template that makes no jobs, or names a file that is not here, is not taken', async () => {
      for (const [more, message] of [
        [{ jobs: [{ name: 'a', id: 'job_00000000', job: { kind: 'command' } }] }, /words/],
        [{ parameters: { look: { default: 'low' } } }, /last/],
        [
          { parameters: { runs: { default: 3, max: 2 }, look: { default: 'low' } } },
          /runs has to be 2 at the most/,
        ],
      ] as [object, RegExp][]) {
        const refused = await saveTemplate(farm.parts, farm.by, template(more));
        assert.ok(!refused.ok);
        assert.match(refused.message, message);
      }
      const foreign = JSON.parse(JSON.stringify(template()).replaceAll(hash, 'f'.repeat(64)));
      const refused = await saveTemplate(farm.parts, farm.by, foreign);
      assert.ok(!refused.ok && refused.code === 'blob-missing');
    });

    test('a pipeline is saved as what it was submitted as, with the values that it had; a name that is taken is refused or replaced', async () => {
      const made = await run(await saved(), { runs: '7' });
      assert.ok(made.ok);
      const name = 'of a pipeline';
      const keep = (pipeline: typeof made.pipeline, replace: boolean) =>
        saveAsTemplate(farm.parts, farm.by, pipeline, { name, replace });
      const kept = await keep(made.pipeline, false);
      assert.ok(kept.ok, kept.ok ? '' : kept.message);
      const { parameters, fixed } = kept.template;
      assert.deepEqual([parameters.runs?.default, parameters.runs?.max, fixed], [7, 10, { memory: '2G' }]);
      const detail = await pipelineDetail(farm.parts, made.pipeline, farm.by.team);
      assert.deepEqual(detail?.template, { parameters, fixed });
      const refused = await keep(made.pipeline, false);
      assert.ok(!refused.ok && refused.status === 409 && refused.code === 'template-exists');
      const again = await run(kept.template.id, { look: 'high' });
      assert.ok(again.ok);
      const replaced = await keep(again.pipeline, true);
      assert.ok(replaced.ok && replaced.template.id !== kept.template.id);
      const named = (await listTemplates(farm.parts.db, farm.by.team)).filter((one) => one.name === name);
      assert.deepEqual(named.map(templateView), [replaced.template]);
      assert.deepEqual(
        [replaced.template.parameters.runs?.default, replaced.template.parameters.look?.default],
        [7, 'high'],
      );
      assert.ok((await removeTemplate(farm.parts, farm.by, replaced.template.id)).ok);
    });

    test('a pipeline that said no places is saved with its values as they are, and without its deadlines', async () => {
      const [job] = template().jobs as { job: object }[];
      const plain = {
        ...job,
        job: {
          ...job?.job,
          deadline: farm.parts.clock() + 60_000,
          parameters: undefined,
          words: ['sh', 'run.sh'],
        },
      };
      const request = { name: 'plain', parameters: { rows: '3' }, jobs: [plain] };
      const made = await submitPipeline(
        farm.parts,
        farm.by,
        CreatePipeline.parse({ ...request, request: 'plain' }),
      );
      assert.ok(made.ok, made.ok ? '' : made.message);
      const kept = await saveAsTemplate(farm.parts, farm.by, made.pipeline, {
        name: 'plain',
        replace: false,
      });
      assert.ok(kept.ok, kept.ok ? '' : kept.message);
      assert.deepEqual([kept.template.parameters, kept.template.fixed], [{}, { rows: '3' }]);
      const again = await run(kept.template.id);
      assert.ok(again.ok, again.ok ? '' : again.message);
      const pipeline = await pipelineDetail(farm.parts, again.pipeline, farm.by.team);
      assert.deepEqual([pipeline?.jobs[0]?.job.deadline, pipeline?.parameters], [null, { rows: '3' }]);
      const wrong = { parameters: { rows: { default: 4 } }, jobs: [{ ...plain, name: 'another' }] };
      const other = CreatePipeline.parse({ ...request, request: 'other', template: wrong });
      const refused = await submitPipeline(farm.parts, farm.by, other);
      assert.ok((await removeTemplate(farm.parts, farm.by, kept.template.id)).ok);
      assert.ok(!refused.ok && /`template` is not what `jobs` says/.test(refused.message));
    });

    test('keeps its files as long as it is there, however old they are; saved anew it takes the place of the one before', async () => {
      const first = await saved();
      const id = await saved({ fixed: {} });
      const all = (await listTemplates(farm.parts.db, farm.by.team)).map(templateView);
      assert.deepEqual(
        all.map((one) => [one.id, one.total, one.fixed]),
        [[id, 1, {}]],
      );
      assert.ok(!(await run(first)).ok);
      // What earlier tests submitted keeps it too.
      for (const table of ['job_blobs', 'artifacts'] as const)
        await farm.parts.db.deleteFrom(table).execute();
      await farm.parts.engine.sweepBlobs();
      assert.ok((await run(id)).ok);
      for (const table of ['job_blobs', 'artifacts'] as const)
        await farm.parts.db.deleteFrom(table).execute();
      const other = {
        ...asFirst(farm.parts),
        person: 'per_00000000' as typeof farm.by.person,
        teamRole: 'member' as const,
      };
      const refused = await removeTemplate(farm.parts, other, id);
      assert.ok(!refused.ok && refused.status === 403);
      assert.deepEqual(await removeTemplate(farm.parts, farm.by, id), { ok: true });
      await farm.parts.engine.sweepBlobs();
      const left = await farm.parts.db.selectFrom('blobs').select('hash').execute();
      assert.deepEqual(left, []);
    });
  });
