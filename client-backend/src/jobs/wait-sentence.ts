import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import { LENT_DATA } from '@parallel-pilot/shared/model/lent-data.ts';
import { PLACEMENT_KEYS } from '@parallel-pilot/shared/model/placement.ts';
import type { Requirement } from '@parallel-pilot/shared/model/requirement.ts';
import type { WaitReason } from '@parallel-pilot/shared/model/wait-reason.ts';
import { type PinnedNames, pinnedSentence } from './pinned-words.ts';

/** Why a job of the kind waits, for people. `names` are those of what it speaks of. */
export function waitSentence(reason: WaitReason, kind: string, names: PinnedNames): string {
  switch (reason.code) {
    case 'paused':
      return 'The job is paused.';
    case 'limit':
      return `${reason.of === 'team' ? 'Its team' : 'Whoever submitted it'} has ${reason.most === 1 ? 'a part' : `${reason.most} parts`} with workers already, as many as ${reason.of === 'team' ? 'it' : 'they'} may at once.`;
    case 'no-worker':
      return 'No worker is connected.';
    case 'lacking':
      return lackingSentence(reason, kind);
    case 'held-back':
      return heldBackSentence(reason);
    case 'pinned':
      return pinnedSentence(reason, names);
    case 'too-large':
      return reason.problem;
    case 'gang':
      return gangSentence(reason);
    case 'busy':
      return busySentence(reason);
    case 'assigned':
      return 'A worker has its next part and begins it after what it is at.';
    case 'next':
      return 'It begins in a moment.';
    default:
      return reason satisfies never;
  }
}

type Of<Code extends WaitReason['code']> = Extract<WaitReason, { code: Code }>;

/** "No connected worker is in the pool film, and none has what a kind calls its program." */
export function lackingSentence(
  { needs, each }: Pick<Of<'lacking'>, 'needs' | 'each'>,
  kind: string,
): string {
  const phrases = needs.slice(0, MOST_NEEDS).map((need) => {
    const { verb, what } = wordsOf(need, kind);
    return `${verb} ${what}`;
  });
  const left = needs.length - phrases.length;
  const more = left > 0 ? `, and ${left} more things are asked for` : '';
  if (each) return `No connected worker ${phrases.join(', and none ')}${more}.`;
  return `No connected worker ${andList(phrases)} at once${more}.`;
}

const MOST_NEEDS = 4;

/** What a single worker lacks: "is not in the pool film, lacks the tag fast". */
export const lackOfWorker = (needs: readonly Requirement[], kind: string): string =>
  needs
    .slice(0, MOST_NEEDS)
    .map((need) => {
      const { verb, what } = wordsOf(need, kind);
      return verb === 'is' ? `is not ${what}` : `lacks ${what}`;
    })
    .join(', ');

function wordsOf(need: Requirement, kind: string): { verb: 'is' | 'has'; what: string } {
  const values = Array.isArray(need.value) ? need.value : [String(need.value)];
  switch (need.key) {
    case PLACEMENT_KEYS.pools:
      return { verb: 'is', what: `in the pool ${orList(values)}` };
    case PLACEMENT_KEYS.tags:
      return { verb: 'has', what: `the tag ${orList(values)}` };
    case PLACEMENT_KEYS.id:
      return { verb: 'is', what: values.length === 1 ? 'the one asked for' : 'one of those asked for' };
    case LENT_DATA:
      return { verb: 'has', what: `data lent as "${orList(values)}"` };
    case PLACEMENT_KEYS.memory:
      return { verb: 'has', what: `${Number((Number(need.value) / 1e9).toFixed(1))} GB of memory` };
    default:
      return { verb: 'has', what: kindOf(kind).needInWords?.(need) ?? `${need.key} ${orList(values)}` };
  }
}

function heldBackSentence({ fitting, lentFrom, ...counts }: Of<'held-back'>): string {
  const hours = lentFrom === null ? 'at other hours' : `from ${clockInWords(lentFrom)}`;
  const parts = [
    held(counts.disabled, 'is disabled', 'are disabled'),
    held(counts.draining, 'finishes what it has begun and ends', 'finish what they have begun and end'),
    held(counts.notAllowed, 'does not work for whoever submitted it', 'do not work for whoever submitted it'),
    held(counts.excluded, 'failed at this job too often', 'failed at this job too often'),
    held(counts.outOfHours, `is lent ${hours} only`, `are lent ${hours} only`),
    held(counts.inUse, 'is on a machine that somebody uses', 'are on machines that somebody uses'),
  ].filter((part) => part !== null);
  const [only] = parts;
  if (only !== undefined && parts.length === 1) {
    if (fitting === 1) return `The only worker that fits ${only.one}.`;
    return `The ${fitting} workers that fit ${only.many}.`;
  }
  return `Of the ${fitting} workers that fit, ${andList(parts.map(({ count, one, many }) => `${count} ${count === 1 ? one : many}`))}.`;
}

/** "Sunday 22:00 (Europe/Berlin)": hours are less than a week ahead. */
function clockInWords({ from, timeZone }: { from: number; timeZone: string }): string {
  const format = { timeZone, weekday: 'long', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  return `${new Intl.DateTimeFormat('en-GB', format).format(from).replace(',', '')} (${timeZone})`;
}

const held = (count: number, one: string, many: string) => (count === 0 ? null : { count, one, many });

function gangSentence({ fewest, places, free, kept }: Of<'gang'>): string {
  const needs = `It needs ${fewest} ${fewest === 1 ? 'place' : 'places'} at once, on workers that reach each other`;
  if (places < fewest) return `${needs}: those that are here have ${places} altogether.`;
  return `${needs}: ${free} of ${places} ${free === 1 ? 'is' : 'are'} free now.${kept ? ' Room is being made for it.' : ''}`;
}

function busySentence({ fitting, urgent, ofTeam, ofOthers }: Of<'busy'>): string {
  const work = [
    ...(urgent ? ['more urgent work'] : []),
    ...(ofOthers ? ['work of other teams'] : []),
    ...(ofTeam ? ['other jobs of the team'] : []),
  ];
  const who = fitting === 1 ? 'The only worker that fits is' : `All ${fitting} workers that fit are`;
  return `${who} busy${work.length === 0 ? '' : ` with ${andList(work)}`}.`;
}

export const andList = (words: readonly string[]): string => listed(words, 'and');
const orList = (words: readonly string[]): string => listed(words, 'or');
const listed = (words: readonly string[], last: string): string =>
  words.length < 2
    ? words.join('')
    : `${words.slice(0, -1).join(', ')} ${last} ${words[words.length - 1] ?? ''}`;
