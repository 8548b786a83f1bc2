import { Button } from '@mantine/core';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { createJob, deleteJob } from '../../api/farm.ts';
import { sentenceOf } from '../../api/request.ts';
import { sourceOf } from '../../api/source-of.ts';
import { rememberSource } from '../../api/sources.ts';
import classes from '../../components/Form.module.css';
import { Panel } from '../../components/Panel.tsx';
import { dropJob } from '../../live/job-rows.ts';
import { readOptions } from './creation-options.ts';
import { Options } from './Options.tsx';
import { renderOf } from './render-job.ts';

/** The choices of before the file was opened. Changing them means opening it again, as another job. */
export function OpenedWith({ job }: { job: JobDetail }) {
  const { scripts, probe } = renderOf(job);
  const source = sourceOf(job.id);
  const present = readOptions(source === null ? { scripts } : { ...source });
  const [options, setOptions] = useState<Record<string, unknown>>(present);
  const wanted = readOptions(options);
  const changed = wanted.scripts !== present.scripts || wanted.onFailure !== present.onFailure;
  const queries = useQueryClient();
  const navigate = useNavigate();
  const again = useMutation({
    mutationFn: async () => {
      if (source === null) throw new Error('The file this job came from is not known here.');
      const next = { ...source, ...wanted };
      const id = await createJob(next);
      rememberSource(id, next);
      // The job that nobody gave settings to would wait for ever; if it stays, it can be deleted by hand.
      await deleteJob(job.id).then(
        () => dropJob(queries, job.id),
        () => undefined,
      );
      return id;
    },
    onSuccess: (id) => navigate(`/jobs/${id}`, { replace: true }),
  });

  if (source === null) {
    return (
      <Panel title="How it was opened">
        <p className={classes.note} style={{ marginTop: 0 }}>
          {scripts ? 'Scripts in the file run.' : 'Scripts in the file do not run.'} To change that,{' '}
          <Link to="/new">send the file again</Link>; what the farm has already is not uploaded twice.
        </p>
      </Panel>
    );
  }
  return (
    <Panel title="How it was opened">
      <Options options={options} onChange={setOptions} />
      {changed ? (
        <>
          <p className={classes.note}>
            This is decided before Blender opens the file, because scripts can change what is in it. The farm
            reads it again; nothing is uploaded twice.
          </p>
          <Button mt="md" fullWidth variant="light" loading={again.isPending} onClick={() => again.mutate()}>
            Read the file again
          </Button>
        </>
      ) : (
        probe !== null &&
        probe.scripts.length > 0 && (
          <p className={classes.note}>
            The file holds scripts that want to run when it is opened: {probe.scripts.join(', ')}.
          </p>
        )
      )}
      {again.error !== null && (
        <p role="alert" className={classes.refusal}>
          {sentenceOf(again.error)}
        </p>
      )}
    </Panel>
  );
}
