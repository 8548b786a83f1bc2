import type { ColumnType, Generated } from 'kysely';
import type { JobId, NoticeChannelId, PersonId, TeamId } from '../../../model/ids.ts';
import type { ChannelType, NoticeEvent } from '../../../model/notice.ts';

/** Where somebody is told of their jobs: a browser, their e-mail, or a server of theirs. */
export type NoticeChannelsTable = {
  id: NoticeChannelId;
  person_id: PersonId;
  /** Of which team's jobs it tells: of one that was made by a key, which knows of that team alone. Null for all. */
  team_id: TeamId | null;
  type: ChannelType;
  /** How its owner knows it: the browser, the e-mail, the host. */
  name: string;
  /** Where it is sent: the endpoint of a browser's push service, an e-mail, the URL of a webhook. */
  address: string;
  /** SHA-256 of `address`. */
  address_hash: string;
  /** Of a browser: what is sent to it is encrypted with (PushKeys). */
  keys_json: string | null;
  /** NoticeEvents, separated by commas; '' while it is turned off. */
  events: string;
  created_at: number;
  /** The process that sends to it now; another may take it when the time has passed. */
  claimed_by: ColumnType<string | null, string | null | undefined, string | null>;
  claimed_until: ColumnType<number | null, number | null | undefined, number | null>;
  /** Nothing is sent to it before: what comes close together is told together. */
  next_at: ColumnType<number | null, number | null | undefined, number | null>;
  /** Since when nothing arrived there, and why not the last time; null while all is well. */
  failing_since: ColumnType<number | null, number | null | undefined, number | null>;
  problem: ColumnType<string | null, string | null | undefined, string | null>;
};

/** Something to be told by one channel: written with the change that it tells of, and kept as a log once it was sent. */
export type NoticesTable = {
  id: Generated<number>;
  channel_id: NoticeChannelId;
  /** Names what is told: written twice, it is there once. */
  once_key: string;
  /** Null of one that its owner sends to try the channel. */
  job_id: JobId | null;
  team_id: TeamId | null;
  event: NoticeEvent | 'test';
  /** NoticeSubject, as the job was then. */
  subject_json: string;
  at: number;
  state: 'waiting' | 'sent' | 'given-up';
  /** While it waits: when it is tried next. */
  next_at: number;
  tries: ColumnType<number, number | undefined, number>;
  /** The newest of them (NoticeTry[]). */
  tries_json: ColumnType<string | null, string | null | undefined, string | null>;
};

/** The same for its person alone, however else they are told: what the site shows, new until they look at it. */
export type PersonNoticesTable = {
  id: Generated<number>;
  person_id: PersonId;
  team_id: TeamId;
  job_id: JobId;
  /** Names what is told: written twice, it is there once. */
  once_key: string;
  event: NoticeEvent;
  /** NoticeSubject, as the job was then. */
  subject_json: string;
  at: number;
  is_read: ColumnType<0 | 1, 0 | 1 | undefined, 0 | 1>;
  /** When it was written or read. */
  changed_at: number;
};
