import type { JobId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import {
  type NoticeEvent,
  NoticeSubject,
  noticePath,
  noticeTitle,
} from '@parallel-pilot/shared/model/notice.ts';
import type { NoticeRow } from '@parallel-pilot/shared/server/db/notices.ts';

/** Something to tell, as it was written into the outbox. */
export type Notice = {
  id: number;
  event: NoticeEvent | 'test';
  job: JobId | null;
  team: TeamId | null;
  subject: NoticeSubject;
  at: number;
};

export const noticeOf = (row: NoticeRow): Notice => ({
  id: row.id,
  event: row.event,
  job: row.job_id,
  team: row.team_id,
  subject: subjectOf(row.subject_json),
  at: row.at,
});

const subjectOf = (json: string): NoticeSubject => NoticeSubject.parse(JSON.parse(json));

/** What it has as its id wherever it is told: the same each time that it is sent. */
export const idOf = ({ id }: Notice): string => `notice_${id}`;

const urlOf = (farm: string, { job, subject }: Notice): string =>
  new URL(job === null ? '/' : noticePath(job, subject.whole), farm).href;
const titleOf = ({ event, subject }: Notice): string => noticeTitle(event, subject.name);

const SUMS: [NoticeEvent, string][] = [
  ['done', 'finished'],
  ['failed', 'failed'],
  ['waiting', 'waiting for you'],
  ['at-risk', 'at risk of their deadline'],
];

/** "12 jobs: 10 finished, 2 failed" */
function sumOf(notices: readonly Notice[]): string {
  const counts = SUMS.flatMap(([event, words]) => {
    const count = notices.filter((notice) => notice.event === event).length;
    return count === 0 ? [] : [`${count} ${words}`];
  });
  return `${new Set(notices.map(({ job }) => job)).size} jobs: ${counts.join(', ')}`;
}

/** What a browser shows; `tag` names it, so that what is sent twice is shown once. */
export type PushMessage = { title: string; body: string; tag: string; url: string };

/** One notification for all of them; of more than one, those that matter most come first. */
export function pushMessage(notices: readonly Notice[], farm: string): PushMessage {
  const [first] = notices;
  if (first === undefined) throw new Error('there is nothing to tell');
  if (notices.length === 1)
    // One job has one notification, of what is newest.
    return {
      title: titleOf(first),
      body: first.subject.message.slice(0, 500),
      tag: first.job ?? idOf(first),
      url: urlOf(farm, first),
    };
  const body = notices.slice(0, 4).map(titleOf).join('\n');
  return { title: sumOf(notices), body: body.slice(0, 900), tag: idOf(first), url: new URL('/', farm).href };
}

export type MailMessage = { subject: string; text: string; id: string };

const MOST_LISTED = 50;

/** One mail for all of them. */
export function mailMessage(notices: readonly Notice[], farm: string): MailMessage {
  const [first] = notices;
  if (first === undefined) throw new Error('there is nothing to tell');
  const parts = notices
    .slice(0, MOST_LISTED)
    .map((notice) => `${titleOf(notice)}.\n${notice.subject.message}\n${urlOf(farm, notice)}`);
  const more = notices.length - MOST_LISTED;
  const text = [
    ...parts,
    ...(more > 0 ? [`And ${more} more: ${new URL('/', farm).href}`] : []),
    `What you are told, and how, is yours to choose: ${new URL('/notifications', farm).href}`,
  ].join('\n\n');
  return {
    subject: notices.length === 1 ? titleOf(first) : sumOf(notices),
    text: `${text}\n`,
    id: `${idOf(first)}@${new URL(farm).hostname}`,
  };
}

/** The body of a webhook's request, as JSON: https://github.com/standard-webhooks/standard-webhooks has its form. */
export function webhookBody(notice: Notice, farm: string): string {
  const { event, job, team, subject, at } = notice;
  const { name, kind, message, whole } = subject;
  const what =
    whole === null ? { job: { id: job, name, kind, team } } : { [whole.type]: { id: whole.id, name, team } };
  const data = job === null ? { message } : { ...what, message, url: urlOf(farm, notice) };
  const type = event === 'test' ? 'test' : `${whole?.type ?? 'job'}.${event}`;
  return JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
}
