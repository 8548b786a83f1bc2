import { z } from 'zod';
import { FarmRole } from '../access/principal.ts';
import { KeyId, PersonId, TeamId } from '../model/ids.ts';
import { strictObject } from '../model/strict-object.ts';

/**
 * What can be limited, for a team and for a person: jobs that wait, chunks that are leased at the same moment, bytes
 * that are stored, bytes of one file that is uploaded, hours that workers spend in a calendar month (UTC), and calls of
 * functions that begin on a day (UTC).
 */
export const LIMITS = [
  'waitingJobs',
  'chunksAtOnce',
  'storedBytes',
  'uploadBytes',
  'workerHours',
  'callsPerDay',
] as const;
export const LimitName = z.enum(LIMITS);
export type LimitName = z.infer<typeof LimitName>;

const most = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const Limit = z.union([most, z.literal('none')]);
const days = z.number().int().min(1).max(36_500);
const Days = z.union([days, z.literal('none')]);

/** What was set for one team or person; what is absent is as the farm has it, which for a person is no limit. */
export const OwnLimits = z.object({
  waitingJobs: Limit.optional(),
  chunksAtOnce: Limit.optional(),
  storedBytes: Limit.optional(),
  uploadBytes: Limit.optional(),
  workerHours: Limit.optional(),
  callsPerDay: Limit.optional(),
});
export type OwnLimits = z.infer<typeof OwnLimits>;

/** The same of a team, and for how many days what a job made is kept once it is over. */
export const TeamLimits = OwnLimits.extend({ retentionDays: Days.optional() });
export type TeamLimits = z.infer<typeof TeamLimits>;

const changed = <S extends z.ZodType>(schema: S) => schema.nullable().optional();
const CHANGES = {
  waitingJobs: changed(Limit),
  chunksAtOnce: changed(Limit),
  storedBytes: changed(Limit),
  uploadBytes: changed(Limit),
  workerHours: changed(Limit),
  callsPerDay: changed(Limit),
};

/** PATCH /api/v1/teams/:id/limits: `none` is no limit, null is what the farm has; what is absent stays. */
export const PatchTeamLimits = strictObject({ ...CHANGES, retentionDays: changed(Days) });
export type PatchTeamLimits = z.infer<typeof PatchTeamLimits>;
export const PatchPersonLimits = strictObject(CHANGES);
export type PatchPersonLimits = z.infer<typeof PatchPersonLimits>;

/** One limit and what is used of it; `most` and `left` are null where there is none. `uploadBytes` is never used up. */
export const Use = z.object({ used: z.number(), most: z.number().nullable(), left: z.number().nullable() });
export type Use = z.infer<typeof Use>;
export const Uses = z.object({
  waitingJobs: Use,
  chunksAtOnce: Use,
  storedBytes: Use,
  uploadBytes: Use,
  workerHours: Use,
  callsPerDay: Use,
});
export type Uses = z.infer<typeof Uses>;

/** GET /api/v1/teams/:id/usage: of the team, and of whoever asks, whichever is used up first. */
export const Usage = z.object({
  /** The month that worker hours are counted in, such as "2026-11"; a new one begins at midnight UTC. */
  month: z.string(),
  team: Uses,
  person: Uses,
  /** Null where what jobs made is kept until somebody deletes it. */
  retentionDays: z.number().nullable(),
});
export type Usage = z.infer<typeof Usage>;

/** GET /api/v1/limits, for admins: what the farm has where nothing else is set, and all teams by name, in pages. */
export const FarmLimitsQuery = z.object({
  after: TeamId.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const FarmLimits = z.object({
  defaults: TeamLimits,
  teams: z.array(
    z.object({
      id: TeamId,
      name: z.string(),
      personal: z.boolean(),
      members: z.number(),
      limits: TeamLimits,
      used: Uses,
    }),
  ),
  /** Ask for `after` this one; null at the end. */
  next: TeamId.nullable(),
});
export type FarmLimits = z.infer<typeof FarmLimits>;

/** GET /api/v1/people, for admins: by name, in pages. */
export const PeopleQuery = z.object({
  /** Part of a name or an e-mail address. */
  search: z.string().max(200).optional(),
  after: PersonId.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const PersonView = z.object({
  id: PersonId,
  name: z.string(),
  email: z.string().nullable(),
  role: FarmRole,
  /** Since when they may not come in; null where they may. */
  bannedAt: z.number().nullable(),
  createdAt: z.number(),
  /** How they prove who they are. */
  account: z.enum(['local', 'auth', 'clerk', 'other']),
  teams: z.number(),
  /** Jobs of theirs that are not over. */
  liveJobs: z.number(),
  limits: OwnLimits,
});
export type PersonView = z.infer<typeof PersonView>;
export const PeoplePage = z.object({
  people: z.array(PersonView),
  /** Ask for `after` this one; null at the end. */
  next: PersonId.nullable(),
});
export type PeoplePage = z.infer<typeof PeoplePage>;

/** PATCH /api/v1/people/:id */
export const PatchPerson = strictObject({
  role: FarmRole.optional(),
  banned: z.boolean().optional(),
  limits: PatchPersonLimits.optional(),
});
export type PatchPerson = z.infer<typeof PatchPerson>;

/** DELETE /api/v1/people/:id: `jobs` has to be said where they have jobs that are not over: `cancel` or `hand-over:per_…`. */
export const DeletePersonQuery = z.object({
  jobs: z
    .union([z.literal('cancel'), z.templateLiteral(['hand-over:', PersonId])], {
      error: 'say cancel, or hand-over: and the id of who takes them',
    })
    .optional(),
});
export type DeletePersonQuery = z.infer<typeof DeletePersonQuery>;

/** POST /api/v1/impersonation; DELETE ends it. Both answer with the `Session` as it is then. */
export const Impersonate = strictObject({ person: PersonId });

/** What the audit knows; `other` is an operation that has no name of its own yet, and says which. */
export const AUDIT_ACTIONS = [
  'session.open',
  'session.close',
  'session.refused',
  'access.refused',
  'account.change',
  'key.create',
  'key.revoke',
  'device.approve',
  'device.refuse',
  'link.accept',
  'password.forgotten',
  'team.create',
  'team.change',
  'team.delete',
  'team.hand-over',
  'team.limits',
  'member.change',
  'member.remove',
  'invitation.create',
  'invitation.revoke',
  'job.submit',
  'job.change',
  'job.pause',
  'job.resume',
  'job.cancel',
  'job.retry',
  'job.settings',
  'job.delete',
  'job.expire',
  'pipeline.submit',
  'pipeline.cancel',
  'pipeline.retry',
  'pipeline.delete',
  'function.deploy',
  'function.change',
  'function.delete',
  'template.save',
  'template.delete',
  'upload.create',
  'upload.delete',
  'worker.change',
  'worker.revoke',
  'load.network',
  'farm.change',
  'join-token.create',
  'join-token.revoke',
  'person.invite',
  'person.change',
  'person.delete',
  'person.reset-link',
  'impersonation.begin',
  'impersonation.end',
  'other',
] as const;
export const AuditAction = z.enum(AUDIT_ACTIONS);
export type AuditAction = z.infer<typeof AuditAction>;

/** What an entry says beyond who, what and where; never a secret, and nothing deep. */
export const AuditDetail = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));
export type AuditDetail = z.infer<typeof AuditDetail>;

/** GET /api/v1/audit and /api/v1/audit.csv. Times are milliseconds since 1970; `to` is not included. */
export const AuditFilter = z.object({
  /** Who did it, also as an impersonator. */
  person: PersonId.optional(),
  team: TeamId.optional(),
  action: AuditAction.optional(),
  /** The id of what it was done to. */
  target: z.string().min(1).max(200).optional(),
  from: z.coerce.number().int().min(0).optional(),
  to: z.coerce.number().int().min(0).optional(),
});
export type AuditFilter = z.infer<typeof AuditFilter>;
export const AuditQuery = AuditFilter.extend({
  /** Entries before this one: `next` of the page before. */
  before: z.coerce.number().int().positive().optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export type AuditQuery = z.infer<typeof AuditQuery>;

const named = <S extends z.ZodType>(id: S) => z.object({ id, name: z.string().nullable() }).nullable();
/** Names are those of now, and null of what is gone. */
export const AuditEntry = z.object({
  id: z.number(),
  at: z.number(),
  /** Null where nobody was known, or the farm did it by itself. */
  person: named(PersonId),
  /** The admin who acted as `person`. */
  impersonator: named(PersonId),
  key: named(KeyId),
  team: named(TeamId),
  action: AuditAction,
  target: z.string().nullable(),
  address: z.string(),
  detail: AuditDetail.nullable(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;
/** Newest first. */
export const AuditPage = z.object({ entries: z.array(AuditEntry), next: z.number().nullable() });
export type AuditPage = z.infer<typeof AuditPage>;
