import { CreateJob } from '@parallel-pilot/shared/api/jobs.ts';
import type { SiteKind } from '../kind.ts';
import { Options, readOptions } from './Options.tsx';
import { Review } from './Review.tsx';
import { Summary } from './Summary.tsx';

export const blender: SiteKind = {
  extensions: ['.blend', '.zip'],
  describe(source, options, main) {
    const { scripts, onFailure } = readOptions(options);
    const job = { kind: 'blender', source, scripts, onFailure, review: true };
    return CreateJob.parse(main === undefined ? job : { ...job, main });
  },
  Options,
  Review,
  Summary,
};
