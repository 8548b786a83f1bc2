import { Skeleton } from '@mantine/core';
import { Suspense, useEffect, useState } from 'react';
import { useNavigate } from 'react-router';
import { getJobSummary } from '../../api/farm.ts';
import { chosenDeadline } from '../../app/deadline.ts';
import { chosenAsked, chosenPlacement } from '../../app/placement.ts';
import { submission, useSubmission } from '../../app/submission.ts';
import { NoWorkers } from '../../components/NoWorkers.tsx';
import { PageHead } from '../../components/PageHead.tsx';
import { Panel } from '../../components/Panel.tsx';
import { Steps } from '../../components/Steps.tsx';
import { missingOf } from '../../kinds/gather-files.ts';
import type { SiteKind } from '../../kinds/kind.ts';
import { SITE_KINDS, setupOf, siteKind } from '../../kinds/registry.ts';
import { Only } from '../people/Only.tsx';
import { ByWhen } from './ByWhen.tsx';
import { creationOptions, useCreationOptions } from './creation-options.ts';
import { DropZone } from './DropZone.tsx';
import { giveFiles } from './give-files.ts';
import { MeantFor } from './MeantFor.tsx';
import { MissingFiles } from './MissingFiles.tsx';
import classes from './New.module.css';
import { OnItsWay } from './OnItsWay.tsx';
import { WhichWorkers } from './WhichWorkers.tsx';

export function NewJobPage() {
  return (
    <Only action="jobs.submit">
      <NewJob />
    </Only>
  );
}

function NewJob() {
  const state = useSubmission();
  const [refusal, setRefusal] = useState<string | null>(null);
  const navigate = useNavigate();
  const created = state.phase === 'created' ? state.jobs[0] : undefined;
  const several = state.phase === 'created' && state.several;
  useEffect(() => {
    if (created === undefined) return;
    submission.reset();
    chosenPlacement.set({});
    chosenDeadline.set(null);
    chosenAsked.set({});
    const show = (path: string) => void navigate(path, { replace: true });
    if (several) void pageOfAll(created).then(show);
    else show(`/jobs/${created}`);
  }, [created, several, navigate]);
  const give = async (files: File[]) => setRefusal(await giveFiles(files));
  const kind = state.phase === 'idle' ? null : siteKind(state.kind);
  const parts = state.phase === 'idle' ? [] : state.files.map(({ part }) => part);
  const [without, setWithout] = useState(false);
  if (state.phase === 'idle' && without) setWithout(false);
  const wanted = kind === null ? [] : missingOf(kind, parts);
  const missing = without ? wanted.filter((part) => part.without === undefined) : wanted;
  const Setup = missing.length === 0 && kind !== null ? setupOf(kind) : null;
  return (
    <>
      <PageHead title="New job" sub="Give the farm what it needs, and choose how it is done." />
      <NoWorkers />
      {kind !== null && <Steps steps={kind.steps} present={Setup === null ? 0 : 1} />}
      <div className={layoutOf(Setup !== null, kind)}>
        {state.phase === 'idle' ? (
          <DropZone refusal={refusal} onFiles={(files) => void give(files)} />
        ) : (
          <div className={classes.stack}>
            <OnItsWay state={state} asksFirst={kind?.describe === null} />
            <MeantFor kind={state.kind} phase={state.phase} />
            {missing.length > 0 && (
              <MissingFiles
                missing={missing}
                refusal={refusal}
                onFiles={(files) => void give(files)}
                onWithout={() => setWithout(true)}
              />
            )}
            {Setup !== null && (
              <>
                <ByWhen kind={kind?.name} />
                <WhichWorkers kind={kind?.name} />
              </>
            )}
          </div>
        )}
        {Setup === null ? <OptionsOf kinds={kind === null ? SITE_KINDS : [kind]} /> : <Setup.Part />}
      </div>
    </>
  );
}

/** Where jobs that were made of one submission are side by side; the page of the first where that cannot be asked. */
const pageOfAll = (job: string): Promise<string> =>
  getJobSummary(job).then(
    ({ sweep }) => (sweep === null ? `/jobs/${job}` : `/sweeps/${sweep}`),
    () => `/jobs/${job}`,
  );

function layoutOf(asks: boolean, kind: SiteKind | null): string | undefined {
  if (asks) return classes.setup;
  return kind !== null && kind.options === null ? classes.narrow : classes.columns;
}

/** Choices of before the files are looked into, of every kind that has some. */
function OptionsOf({ kinds }: { kinds: readonly SiteKind[] }) {
  const chosen = useCreationOptions();
  return (
    <div className={classes.stack}>
      {kinds.map(
        ({ name, options }) =>
          options !== null && (
            <Panel key={name} title={options.title}>
              <Suspense fallback={<Skeleton height={110} radius={8} />}>
                <options.Options options={chosen} onChange={creationOptions.set} />
              </Suspense>
            </Panel>
          ),
      )}
      <ByWhen kind={kinds.length === 1 ? kinds[0]?.name : undefined} />
      <WhichWorkers kind={kinds.length === 1 ? kinds[0]?.name : undefined} />
    </div>
  );
}
