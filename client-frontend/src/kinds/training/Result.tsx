import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { useQuery } from '@tanstack/react-query';
import { artifactsQuery } from '../../api/job-queries.ts';
import { sentenceOf } from '../../api/request.ts';
import { type Artifact, Downloads, OtherDownloads } from '../../job/Downloads.tsx';
import classes from '../../job/Job.module.css';
import { modelInWords } from './model-words.ts';
import { TrainOn } from './TrainOn.tsx';
import { trainingOf } from './training-job.ts';

/** What there is to download of a training that is over: the model, or all of it; its parts are folded. */
export function Result({ job }: { job: JobDetail }) {
  const { data, error } = useQuery(artifactsQuery(job.id));
  const artifacts = data?.artifacts ?? [];
  const { without } = trainingOf(job);
  const { best: measured, metrics, round } = trainingOf(job);
  const merged = measured !== null || metrics !== null || round > 1 || artifacts.length > 0;
  if (error === null && !merged) return null;
  const models = artifacts.filter(isModel).toSorted((one, other) => place(one) - place(other));
  const best = models.filter((one) => place(one) === 0);
  return (
    <section className={classes.result} aria-label="Result">
      {without !== null && <p role="status">Trained {without}</p>}
      {error !== null && <p role="alert">{sentenceOf(error)}</p>}
      <Downloads
        artifacts={[...models, ...artifacts.filter(isEverything)]}
        main={best}
        labelOf={(artifact) =>
          isEverything(artifact) ? 'Everything, as a zip' : `Download ${artifact.name}`
        }
      />
      {merged && <TrainOn job={job} />}
      {models.length > 0 && <p className={classes.quiet}>{modelInWords(trainingOf(job))}</p>}
      <OtherDownloads artifacts={artifacts.filter((one) => !isModel(one) && !isEverything(one))} />
    </section>
  );
}

/** The best before the last. */
const place = ({ name }: Artifact): number => (/^model-last\b/i.test(name) ? 1 : 0);
const isModel = ({ name }: Artifact): boolean => /^model\b/i.test(name);
// By its name: an .npz is a zip too.
const isEverything = ({ name }: Artifact): boolean => name === 'all.zip';
