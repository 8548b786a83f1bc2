import type { LimitName, PatchTeamLimits, TeamLimits } from '@parallel-pilot/shared/api/limits.ts';
import type { PersonId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { findPerson } from '@parallel-pilot/shared/server/db/people.ts';
import { findTeam } from '@parallel-pilot/shared/server/db/teams.ts';
import type { Holder } from '@parallel-pilot/shared/server/db/usage.ts';
import { mostOf, ownLimitsOf, teamLimitsOf } from '@parallel-pilot/shared/server/own-limits.ts';
import { inWords } from '../text/in-words.ts';

/** What was set with a change laid over it, as it is stored; null where nothing is left. */
export function laidOver(set: TeamLimits, change: PatchTeamLimits): string | null {
  const all = Object.entries({ ...set, ...change }).filter(([, most]) => most !== null && most !== undefined);
  return all.length === 0 ? null : JSON.stringify(Object.fromEntries(all));
}

/** One of the two that limit what somebody does: the team it is done for, and the person. */
export type Limited = {
  holder: Holder;
  /** As a sentence begins with it. */
  name: string;
  most(name: LimitName): number | null;
};

/** The team and the person with what limits them. Of the farm's own limits those hold that nothing else was set for, and for teams only. */
export async function limitedBy(
  db: Db,
  by: { team: TeamId; person: PersonId },
  farm: TeamLimits,
): Promise<Limited[]> {
  const team = await findTeam(db, by.team);
  const person = await findPerson(db, by.person);
  const ofTeam = team === undefined ? {} : teamLimitsOf(team);
  const ofPerson = person === undefined ? {} : ownLimitsOf(person);
  return [
    {
      holder: { team: by.team },
      name: `The team "${team?.name ?? by.team}"`,
      most: (name) => mostOf(ofTeam, name, farm),
    },
    {
      holder: { person: by.person },
      name: person?.name ?? by.person,
      most: (name) => mostOf(ofPerson, name),
    },
  ];
}

/** What a refusal says: which limit, how much of it is used, what helps, and who can raise it. */
export function refusalOf(
  name: LimitName,
  of: string,
  used: number,
  most: number,
): { code: string; message: string } {
  const { what, helps } = SENTENCES[name];
  return {
    code: CODES[name],
    message: `${of} ${what(used, most)} ${helps} An admin of the farm can raise this limit.`,
  };
}

export const CODES = {
  waitingJobs: 'limit-waiting-jobs',
  chunksAtOnce: 'limit-chunks-at-once',
  storedBytes: 'limit-stored-bytes',
  uploadBytes: 'limit-upload-size',
  workerHours: 'limit-worker-hours',
  callsPerDay: 'limit-calls-per-day',
} as const satisfies Record<LimitName, string>;

type Sentence = { what(used: number, most: number): string; helps: string };
const hours = (many: number): string => (Math.round(many * 10) / 10).toLocaleString('en');

const SENTENCES: Record<LimitName, Sentence> = {
  waitingJobs: {
    what: (used, most) => `has ${used} jobs that wait, of ${most} that may.`,
    helps: 'Submit again when one has begun, or cancel one.',
  },
  chunksAtOnce: {
    what: (used, most) => `has ${used} chunks under way, of ${most} that may be.`,
    helps: 'More follow as those end.',
  },
  storedBytes: {
    what: (used, most) => `has ${inWords(used)} stored, of ${inWords(most)} that it may store.`,
    helps: 'Delete old jobs, or have an unfinished upload canceled.',
  },
  uploadBytes: {
    what: (used, most) =>
      `may upload files of ${inWords(most)} at the most, and this one has ${inWords(used)}.`,
    helps: 'Pack less into it.',
  },
  workerHours: {
    what: (used, most) => `has used ${hours(used)} worker hours this month, of ${hours(most)}.`,
    helps: 'The next month begins with none used, at midnight UTC.',
  },
  callsPerDay: {
    what: (used, most) =>
      `has had ${used.toLocaleString('en')} calls of functions today, of ${most.toLocaleString('en')} that may be.`,
    helps: 'The next day begins with none used, at midnight UTC.',
  },
};
