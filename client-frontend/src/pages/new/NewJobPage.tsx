import { useEffect, useState } from 'react';
import { useNavigate } from 'react-router';
import { submission, useSubmission } from '../../app/submission.ts';
import { PageHead } from '../../components/PageHead.tsx';
import { Panel } from '../../components/Panel.tsx';
import { Steps } from '../../components/Steps.tsx';
import { firstKind, kindOfFile } from '../../kinds/registry.ts';
import { creationOptions, useCreationOptions } from './creation-options.ts';
import { DropZone } from './DropZone.tsx';
import { giveFile } from './give-file.ts';
import classes from './New.module.css';
import { OnItsWay } from './OnItsWay.tsx';

export function NewJobPage() {
  const state = useSubmission();
  const options = useCreationOptions();
  const [refusal, setRefusal] = useState<string | null>(null);
  const navigate = useNavigate();
  const created = state.phase === 'created' ? state.job : null;
  useEffect(() => {
    if (created === null) return;
    submission.reset();
    void navigate(`/jobs/${created}`, { replace: true });
  }, [created, navigate]);
  const { Options } = (state.phase === 'idle' ? null : kindOfFile(state.fileName)) ?? firstKind;
  return (
    <>
      <PageHead title="New job" sub="Give the farm a file. It looks inside, and then you choose." />
      <Steps present={0} />
      <div className={classes.columns}>
        {state.phase === 'idle' ? (
          <DropZone refusal={refusal} onFiles={(files) => setRefusal(giveFile(files))} />
        ) : (
          <OnItsWay state={state} />
        )}
        <Panel title="Before the file is opened">
          <Options options={options} onChange={creationOptions.set} />
        </Panel>
      </div>
    </>
  );
}
