import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { Steps } from '../../components/Steps.tsx';
import { LogPanel } from '../../job/LogPanel.tsx';
import { Notes } from '../../job/Notes.tsx';
import { FramesView } from './FramesView.tsx';
import { STEPS } from './names.ts';
import { ReadingFile } from './ReadingFile.tsx';
import { Review } from './Review.tsx';

/** The page of a render: the look into its file, the choice of settings, then its frames. */
export function RenderJob({ job }: { job: JobDetail }) {
  if (job.state === 'ready') {
    return (
      <div>
        <Steps steps={STEPS} present={2} />
        <Review job={job} />
      </div>
    );
  }
  if (job.stage === 'probe') {
    return (
      <>
        {job.state !== 'failed' && job.state !== 'canceled' && <ReadingFile job={job} />}
        <Notes job={job} />
        <LogPanel job={job} />
      </>
    );
  }
  return <FramesView job={job} />;
}
