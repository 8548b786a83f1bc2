import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import type { JobOutlook, OutlookQuestion } from '@parallel-pilot/shared/api/job-outlook.ts';
import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import type { EndOutlook } from '@parallel-pilot/shared/model/end-outlook.ts';
import { deadlineInWords } from '@parallel-pilot/shared/model/end-words.ts';
import { requirementsOf } from '@parallel-pilot/shared/model/placement.ts';
import type { Requirement } from '@parallel-pilot/shared/model/requirement.ts';
import { MOST_SUPPOSED } from '@parallel-pilot/shared/protocol/control.ts';
import { similarWork } from '@parallel-pilot/shared/server/db/similar-work.ts';
import type { z } from 'zod';
import type { Parts } from '../parts.ts';
import { deadlineView, lessenOf } from './deadline-view.ts';

type Asked = z.output<typeof OutlookQuestion>;
type Asking = Pick<Principal, 'person' | 'team'>;

/** When a job would be done if it were submitted now, by what earlier ones on the same file took and by what the farm has to do. */
export async function outlookOf(
  parts: Pick<Parts, 'db' | 'balancer' | 'clock'>,
  by: Asking,
  asked: Asked,
): Promise<JobOutlook> {
  const outlook = await suppose(parts, by, asked);
  const { kind = '', deadline: at = null } = asked;
  const job = { deadline: at, state: 'queued', finished_at: null, kind } as const;
  const deadline = at === null ? null : deadlineView(job, outlook, parts.clock());
  return { eta: outlook?.range ?? null, deadline, message: sentence(outlook, deadline?.message ?? null) };
}

async function suppose(
  { db, balancer }: Pick<Parts, 'db' | 'balancer'>,
  by: Asking,
  asked: Asked,
): Promise<EndOutlook | null> {
  const { kind, source, settings, priority, placement } = asked;
  const main = kind === undefined ? undefined : kindOf(kind).mainStage;
  const known =
    kind === undefined || main === undefined || source === undefined
      ? null
      : await similarWork(db, { team: by.team, kind, source, stage: main.name });
  const chunks = main?.chunks(settings) ?? known?.chunks ?? 1;
  return balancer.supposeJob({
    ...{ team: by.team, person: by.person, priority, asked: asked.asked },
    kind: kind ?? '',
    stage: main?.name ?? '',
    deadline: asked.deadline ?? null,
    chunks: Math.max(1, Math.min(MOST_SUPPOSED, chunks)),
    requirements: [...requirementsOf(placement), ...needsOf(kind, settings)],
    seen: known?.seen ?? [],
  });
}

const needsOf = (kind: Asked['kind'], settings: unknown): Requirement[] =>
  kind === undefined
    ? []
    : (kindOf(kind).needs?.(settings) ?? [{ key: 'kinds', op: 'includes', value: kind }]);

function sentence(outlook: EndOutlook | null, deadline: string | null): string {
  if (outlook === null) return 'The load balancer cannot be asked at the moment.';
  if (deadline !== null) return deadline;
  return outlook.range === null ? NOTHING_KNOWN : 'Told by an earlier job on the same file.';
}

const NOTHING_KNOWN = 'When it is done is known as soon as the first of its parts is.';

/** What is said of the deadline of a job that was just submitted. */
export async function deadlineNote(
  parts: Pick<Parts, 'db' | 'balancer' | 'clock'>,
  by: Asking,
  asked: Asked,
) {
  const outlook = await suppose(parts, by, asked);
  const stands = outlook?.deadline ?? null;
  if (stands === null) return null;
  const level = stands.code === 'met' || stands.code === 'unknown' ? ('info' as const) : ('warning' as const);
  return { level, code: 'deadline-submitted', message: deadlineInWords(stands, lessenOf(asked.kind ?? '')) };
}
