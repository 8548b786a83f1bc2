import type { Sample } from './kind.ts';
import { SITE_KINDS } from './registry.ts';

/** Small jobs to try the farm with. Their files are beside the site, under /samples. */
export const SAMPLES: readonly Sample[] = SITE_KINDS.flatMap(({ sample }) => sample ?? []);

/** The files of a sample, as if the user had chosen them. Throws where the farm does not answer. */
export const filesOf = (sample: Sample): Promise<File[]> =>
  Promise.all(
    sample.files.map(async (name) => {
      const response = await fetch(`/samples/${name}`);
      if (!response.ok) throw new Error(`${response.status} for the sample ${name}`);
      return new File([await response.blob()], name);
    }),
  );
