import { Button, Skeleton } from '@mantine/core';
import type { TemplateView } from '@parallel-pilot/shared/api/templates.ts';
import { readValue } from '@parallel-pilot/shared/model/parameters.ts';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useRef, useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { sentenceOf } from '../../api/request.ts';
import { useMay } from '../../api/session.ts';
import { useNow } from '../../components/clock.ts';
import { Empty } from '../../components/Empty.tsx';
import { Facts } from '../../components/Facts.tsx';
import { formatAgo, plural } from '../../components/format.ts';
import { PageHead } from '../../components/PageHead.tsx';
import { Panel } from '../../components/Panel.tsx';
import { showProblem } from '../../job/job-command.ts';
import { useMayWith } from '../../job/may-with.ts';
import { AskedButton } from '../people/AskedButton.tsx';
import { ParameterField } from './ParameterField.tsx';
import classes from './Pipelines.module.css';
import { deleteTemplate, runTemplate, templateQuery } from './template-queries.ts';

/** A pipeline that is kept, to be run with other values: /templates/:id. */
export function TemplatePage() {
  const { id = '' } = useParams();
  const { data, error } = useQuery(templateQuery(id));
  if (data !== undefined) return <Template key={id} template={data} />;
  if (error === null) return <Skeleton height={320} radius={16} aria-label="Loading the template" />;
  return (
    <Empty
      page
      title="This template is not here"
      text={sentenceOf(error)}
      action={
        <Button component={Link} to="/pipelines">
          To the pipelines
        </Button>
      }
    />
  );
}

function Template({ template }: { template: TemplateView }) {
  const { id, name, total, savedAt, fixed } = template;
  const navigate = useNavigate();
  const queries = useQueryClient();
  const now = useNow(10_000);
  const { deletes } = useMayWith(template);
  const remove = useMutation({
    mutationFn: () => deleteTemplate(id),
    onSuccess: () => {
      void navigate('/pipelines');
      void queries.invalidateQueries({ queryKey: ['templates'] });
    },
    onError: showProblem,
  });
  return (
    <>
      <PageHead
        title={name}
        tab={`${name}, template`}
        sub={`A template of ${plural(total, 'job')} · saved ${formatAgo(savedAt, now)}`}
      >
        {deletes && (
          <AskedButton
            label="Delete"
            about={`Delete the template ${name}`}
            title={`Delete the template ${name}?`}
            text="Its files go with it where nothing else needs them. Pipelines that were made of it stay."
            go="Delete"
            working={remove.isPending}
            onGo={() => remove.mutate()}
          />
        )}
      </PageHead>
      <div className={classes.stack}>
        <Panel title="Run it" aside="With the files as they were when it was saved">
          <Run template={template} />
        </Panel>
        {Object.keys(fixed).length > 0 && (
          <Panel title="What stays as it is" aside="pilot works something out of these values">
            <Facts facts={Object.entries(fixed)} />
          </Panel>
        )}
      </div>
    </>
  );
}

function Run({ template: { id, parameters } }: { template: TemplateView }) {
  const navigate = useNavigate();
  const submits = useMay()('jobs.submit');
  const all = Object.entries(parameters);
  const [values, setValues] = useState<Record<string, string>>(() =>
    Object.fromEntries(all.map(([name, one]) => [name, String(one.default)])),
  );
  // The same until the form is changed: what is sent again because no answer came makes no second pipeline.
  const request = useRef(crypto.randomUUID());
  const run = useMutation({
    mutationFn: () => runTemplate(id, { request: request.current, parameters: values }),
    onSuccess: (pipeline) => navigate(`/pipelines/${pipeline}`),
    onError: showProblem,
  });
  const problems = new Map(
    all.flatMap(([name, one]) => {
      const read = readValue(one, values[name] ?? '');
      return read.ok ? [] : [[name, `It ${read.why}.`] as const];
    }),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (problems.size === 0) run.mutate();
  };
  return (
    <form className={classes.form} onSubmit={submit}>
      {all.map(([name, parameter]) => (
        <ParameterField
          key={name}
          name={name}
          parameter={parameter}
          value={values[name] ?? ''}
          problem={problems.get(name) ?? null}
          onChange={(value) => {
            request.current = crypto.randomUUID();
            setValues((before) => ({ ...before, [name]: value }));
          }}
        />
      ))}
      {all.length === 0 && <p>It takes no other values.</p>}
      {submits && (
        <Button
          type="submit"
          leftSection={<IconPlayerPlay size={17} aria-hidden />}
          loading={run.isPending}
          disabled={problems.size > 0}
        >
          Run the pipeline
        </Button>
      )}
    </form>
  );
}
