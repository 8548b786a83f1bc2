import { Button, TextInput } from '@mantine/core';
import type { PipelineDetail } from '@parallel-pilot/shared/api/pipelines.ts';
import { SaveTemplate } from '@parallel-pilot/shared/api/templates.ts';
import { IconTemplate } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { ProblemError } from '../../api/request.ts';
import { useMay } from '../../api/session.ts';
import { notify } from '../../app/notify.ts';
import { Facts } from '../../components/Facts.tsx';
import { Dialog } from '../people/Dialog.tsx';
import classes from './Pipelines.module.css';
import { saveAsTemplate } from './template-queries.ts';

type Part = NonNullable<PipelineDetail['template']>;

/** Keeps what was submitted under a name, to be run again; nothing where that cannot be. */
export function SaveAsTemplate({ pipeline }: { pipeline: PipelineDetail }) {
  const submits = useMay()('jobs.submit');
  const [opened, open] = useState(false);
  const { template } = pipeline;
  if (!submits || template === null) return null;
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconTemplate size={17} aria-hidden />}
        onClick={() => open(true)}
      >
        Save as template
      </Button>
      <SaveDialog pipeline={pipeline} part={template} opened={opened} onClose={() => open(false)} />
    </>
  );
}

type SaveDialogProps = { pipeline: PipelineDetail; part: Part; opened: boolean; onClose(): void };

function SaveDialog({ pipeline: { id, name: called, jobs }, part, opened, onClose }: SaveDialogProps) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState(() => nameFor(called));
  const save = useMutation({
    mutationFn: (replace: boolean) => saveAsTemplate(id, { name, replace }),
    onSuccess: (template) => {
      void queries.invalidateQueries({ queryKey: ['templates'] });
      notify({ message: `The template ${template.name} is saved.` });
      void navigate(`/templates/${template.id}`);
    },
  });
  const taken = save.error instanceof ProblemError && save.error.problem.code === 'template-exists';
  const read = SaveTemplate.shape.name.safeParse(name);
  const dated = jobs.some(({ job }) => job.deadline !== null);
  return (
    <Dialog
      opened={opened}
      title="Save as template"
      go={taken ? 'Replace it' : 'Save'}
      working={save.isPending}
      error={save.error}
      onClose={() => {
        save.reset();
        onClose();
      }}
      onGo={() => read.success && save.mutate(taken)}
    >
      <TextInput
        label="Name"
        description="The team finds it by this below Pipelines."
        value={name}
        error={read.success ? null : 'Letters, digits, spaces, - . and _ make a name, 100 at the most.'}
        data-autofocus
        onChange={(event) => {
          save.reset();
          setName(event.currentTarget.value);
        }}
      />
      <Takes part={part} />
      {dated && <p className={classes.note}>Deadlines are not kept: it is run on other days.</p>}
    </Dialog>
  );
}

/** What it will ask for when it is run, and what not. */
function Takes({ part: { parameters, fixed } }: { part: Part }) {
  const usual = Object.entries(parameters).map(([name, one]): [string, string] => [
    name,
    String(one.default),
  ]);
  const stays = Object.entries(fixed);
  if (usual.length + stays.length === 0)
    return <p className={classes.note}>It takes no values: it will be run as it was submitted.</p>;
  return (
    <>
      {usual.length > 0 && (
        <div className={classes.takes}>
          <p className={classes.note}>May be given other values when it is run:</p>
          <Facts facts={usual} />
        </div>
      )}
      {stays.length > 0 && (
        <div className={classes.takes}>
          <p className={classes.note}>
            Stay as they are, as the farm does not know where they stand in the jobs:
          </p>
          <Facts facts={stays} />
        </div>
      )}
    </>
  );
}

/** The nearest that a template may be called. */
const nameFor = (called: string): string =>
  called
    .replace(/[^\w.-]+/g, ' ')
    .replace(/^\W+/, '')
    .trim()
    .slice(0, 100);
