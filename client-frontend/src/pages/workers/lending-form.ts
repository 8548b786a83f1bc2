import { DAYS, type Hours, type Span } from '@parallel-pilot/shared/model/hours.ts';
import { Lending } from '@parallel-pilot/shared/model/lending.ts';
import { spansInWords } from '@parallel-pilot/shared/model/week-clock.ts';

/** What people fill in of how much a machine lends; fields that are empty limit nothing. */
export type LendingForm = {
  when: 'always' | 'daily' | 'days';
  /** The first alone where it is every day. */
  spans: readonly Span[];
  timeZone: string;
  onlyIdle: boolean;
  threads: number | '';
  memoryGb: number | '';
  diskGb: number | '';
  /** Null for all that it takes. */
  kinds: readonly string[] | null;
  noGpus: boolean;
  /** Of the folders that it lends as data, none. */
  noData: boolean;
};

const GB = 1e9;
export const NIGHT: Span = { days: [...DAYS], from: '22:00', to: '06:00' };

export function formOf({
  hours,
  onlyIdle,
  threads,
  memoryBytes,
  diskBytes,
  kinds,
  gpus,
  data,
}: Lending): LendingForm {
  const [first] = hours ?? [];
  const everyDay = first?.spans.length === 1 && first.spans[0]?.days.length === DAYS.length;
  return {
    when: first === undefined ? 'always' : everyDay ? 'daily' : 'days',
    spans: first?.spans ?? [NIGHT],
    timeZone: first?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    onlyIdle: onlyIdle ?? false,
    threads: threads ?? '',
    memoryGb: memoryBytes === undefined ? '' : memoryBytes / GB,
    diskGb: diskBytes === undefined ? '' : diskBytes / GB,
    kinds: kinds ?? null,
    noGpus: gpus?.length === 0,
    noData: data?.length === 0,
  };
}

/** What is wrong with the form, as a sentence; or what it says. What it does not ask for stays as it was. */
export function lendingOf(
  form: LendingForm,
  before: Lending,
): { ok: true; lending: Lending | null } | { ok: false; message: string } {
  const spans =
    form.when === 'daily' ? form.spans.slice(0, 1).map((span) => ({ ...span, days: [...DAYS] })) : form.spans;
  if (form.when !== 'always' && spans.some(({ from, to }) => from === '' || to === ''))
    return { ok: false, message: 'Say from when to when it is lent.' };
  if (form.when === 'days' && spans.some(({ days }) => days.length === 0))
    return { ok: false, message: 'Choose the days on which it is lent.' };
  if (form.kinds?.length === 0) return { ok: false, message: 'Choose a kind of work that it is lent for.' };
  const { threadsPercent, gpus, data } = before;
  const parsed = Lending.safeParse(
    Object.fromEntries(
      Object.entries({
        hours: form.when === 'always' ? undefined : [{ timeZone: form.timeZone, spans }],
        onlyIdle: form.onlyIdle || undefined,
        threads: form.threads === '' ? undefined : form.threads,
        threadsPercent,
        memoryBytes: form.memoryGb === '' ? undefined : Math.round(form.memoryGb * GB),
        diskBytes: form.diskGb === '' ? undefined : Math.round(form.diskGb * GB),
        kinds: form.kinds ?? undefined,
        gpus: form.noGpus ? [] : gpus?.length === 0 ? undefined : gpus,
        data: form.noData ? [] : data?.length === 0 ? undefined : data,
      }).filter(([, value]) => value !== undefined),
    ),
  );
  if (!parsed.success)
    return { ok: false, message: `${parsed.error.issues[0]?.message ?? 'It cannot be lent so'}.` };
  return { ok: true, lending: Object.keys(parsed.data).length === 0 ? null : parsed.data };
}

/** "22:00-06:00 (Europe/Berlin)", one for each that holds. */
export const hoursInWords = (hours: readonly Hours[] = []): string[] =>
  hours.map(({ timeZone, spans }) => `${spansInWords(spans)} (${timeZone})`);
