import { z } from 'zod';
import { FarmRole, Scope, TeamRole } from '../access/principal.ts';
import { KeyId, LinkId, PersonId, TeamId } from '../model/ids.ts';
import { oneLine } from '../model/printable.ts';
import { strictObject } from '../model/strict-object.ts';
import { MyTeam } from './farm.ts';

/** All below /api/v1. Times in ms since 1970. What is shown once is nowhere kept: only its SHA-256 is. */

/** A name as others see it, without marks that would show it as another. */
const Name = z
  .string()
  .transform((text) => oneLine(text).trim())
  .pipe(z.string().min(1, 'A name is needed.').max(100));
const Email = z
  .string()
  .trim()
  .max(254)
  .pipe(z.email('This is no e-mail address.'))
  .transform((email) => email.toLowerCase());
const Password = z.string().min(1).max(512);
const Scopes = z.array(Scope).min(1, 'A key without a scope opens nothing.').max(4);

/** GET, PATCH /account: whoever asks. */
export const Account = z.object({
  id: PersonId,
  name: z.string(),
  email: z.string().nullable(),
  role: FarmRole,
  createdAt: z.number(),
  /** True: signs in with an account of the farm's own, of which /api/auth/ways tells more. */
  hasAccount: z.boolean(),
});
export type Account = z.infer<typeof Account>;
/** The e-mail is not changed here: who changes it has to prove that it is theirs. */
export const AccountPatch = strictObject({ name: Name.optional() });
export type AccountPatch = z.infer<typeof AccountPatch>;

/** PUT /account/team: in which team whoever signed in acts from now on, kept in the cookie `pilot_team`. Answers MyTeam. */
export const TeamChoice = strictObject({ team: TeamId });

/** GET /account/keys: those that are good, newest first. */
export const KeyView = z.object({
  id: KeyId,
  name: z.string(),
  /** It acts in this team alone. */
  team: z.object({ id: TeamId, name: z.string() }),
  scopes: z.array(Scope),
  createdAt: z.number(),
  /** Null: until it is revoked. */
  expiresAt: z.number().nullable(),
  lastUsedAt: z.number().nullable(),
  /** The key by which this request came. */
  current: z.boolean(),
});
export type KeyView = z.infer<typeof KeyView>;
export const KeyList = z.object({ keys: z.array(KeyView) });
export type KeyList = z.infer<typeof KeyList>;
/** POST /account/keys: a key for the team that the asker acts in; not for more than the asker may, nor longer than the asking key. */
export const NewKey = strictObject({
  name: Name,
  scopes: Scopes,
  expiresAt: z.int().positive().nullable(),
});
export type NewKey = z.input<typeof NewKey>;
/** `key` is shown this once. */
export const MadeKey = z.object({ key: z.string(), view: KeyView });
export type MadeKey = z.infer<typeof MadeKey>;

/** GET /teams: those of the asker. POST /teams {name} answers MyTeam, of which the asker is the owner. */
export const TeamList = z.object({ teams: z.array(MyTeam.extend({ members: z.int() })) });
export type TeamList = z.infer<typeof TeamList>;
export const NewTeam = strictObject({ name: Name });
export type NewTeam = z.input<typeof NewTeam>;

export const TeamMember = z.object({
  person: z.object({ id: PersonId, name: z.string(), email: z.string().nullable() }),
  role: TeamRole,
  joinedAt: z.number(),
});
export type TeamMember = z.infer<typeof TeamMember>;
/**
 * GET, PATCH /teams/{id}: the team that the asker acts in; any other is as unknown as one that is not there (PUT
 * /account/team first). Owners first, then by name.
 */
export const TeamDetail = MyTeam.extend({ createdAt: z.number(), members: z.array(TeamMember) });
export type TeamDetail = z.infer<typeof TeamDetail>;
export const TeamPatch = strictObject({ name: Name });
/**
 * DELETE /teams/{id}?jobs=: what becomes of its finished jobs. Without it and with such jobs: 409 `jobs-stored`, whose
 * choices these are. With jobs under way: 409 `jobs-under-way`.
 */
export const TeamDeletion = strictObject({
  /** `delete`: with all results. `keep`: they become the asker's own, in their personal team. */
  jobs: z.enum(['delete', 'keep']).optional(),
});

/** PATCH /teams/{id}/members/{person}; DELETE takes out. Whoever leaves by themselves: POST /teams/{id}/leave. */
export const MemberPatch = strictObject({ role: TeamRole });
/** POST /teams/{id}/hand-over: that member becomes the owner, the asker a manager. */
export const HandOver = strictObject({ person: PersonId });

/** GET, POST /teams/{id}/invitations, and /people/invitations (admins) for the farm alone: `team` and `role` are null then. */
export const InvitationView = z.object({
  id: LinkId,
  team: z.object({ id: TeamId, name: z.string() }).nullable(),
  role: TeamRole.nullable(),
  /** Only who has this address may accept; null for whoever has the link. */
  email: z.string().nullable(),
  createdBy: z.object({ id: PersonId, name: z.string() }).nullable(),
  createdAt: z.number(),
  expiresAt: z.number(),
});
export type InvitationView = z.infer<typeof InvitationView>;
export const InvitationList = z.object({ invitations: z.array(InvitationView) });
export type InvitationList = z.infer<typeof InvitationList>;
/** Days that a link is good. */
const Days = z.int().min(1).max(30).default(7);
export const NewInvitation = strictObject({
  role: z.enum(['manager', 'member', 'viewer']).default('member'),
  email: Email.nullable().default(null),
  days: Days,
});
export type NewInvitation = z.input<typeof NewInvitation>;
export const NewFarmInvitation = strictObject({ email: Email.nullable().default(null), days: Days });
/** A link, shown this once. Its secret is behind the `#`, so that no log has it. */
export const MadeLink = z.object({
  id: LinkId,
  url: z.string(),
  expiresAt: z.number(),
  /** It was handed to the mail server for this address. */
  mailed: z.boolean(),
});
export type MadeLink = z.infer<typeof MadeLink>;

/** Pages: /welcome#token (first admin), /invite#token, /reset#token. */
export const LinkPurpose = z.enum(['first-admin', 'invitation', 'password-reset']);
export type LinkPurpose = z.infer<typeof LinkPurpose>;
const Token = z.string().min(1).max(200);
/** POST /links/look {token}. 404 `link-unknown`, 410 `link-used` or `link-expired`: only who had the link learns which. */
export const LookAtLink = strictObject({ token: Token });
export const LinkView = z.object({
  purpose: LinkPurpose,
  expiresAt: z.number(),
  /** Of an invitation to a team. */
  team: z.object({ name: z.string(), role: TeamRole }).nullable(),
  /** Who invited. */
  by: z.string().nullable(),
  /** Of an invitation for one address, which cannot be changed; of a new password, whose. */
  email: z.string().nullable(),
  name: z.string().nullable(),
  /** Who is signed in and would join by it, without a name, e-mail or password. */
  you: z.object({ name: z.string(), email: z.string().nullable() }).nullable(),
});
export type LinkView = z.infer<typeof LinkView>;
/**
 * POST /links/accept. first-admin: name, email, password. invitation: the same, or nothing where signed in.
 * password-reset: password. Refusals: those of look, `email-taken`, `weak-password`, `other-email`, `already-member`.
 */
export const AcceptLink = strictObject({
  token: Token,
  name: Name.optional(),
  email: Email.optional(),
  password: Password.optional(),
});
export type AcceptLink = z.input<typeof AcceptLink>;
/** `signedIn`: the answer's cookies sign in; false where a code is asked for at sign-in. `team`: where they act now. */
export const LinkAccepted = z.object({
  purpose: LinkPurpose,
  signedIn: z.boolean(),
  team: MyTeam.nullable(),
});
export type LinkAccepted = z.infer<typeof LinkAccepted>;

/** POST /password-resets: 202 {}, whether or not there is such an account. */
export const AskForReset = strictObject({ email: Email });
/** POST /people/{id}/reset-link (admins) answers MadeLink. */

/** POST /device-codes: a program asks for a key, which somebody approves in a browser. */
export const AskForDevice = strictObject({ name: Name, scopes: Scopes });
export type AskForDevice = z.input<typeof AskForDevice>;
export const DeviceCode = z.object({
  /** For the program alone. */
  deviceCode: z.string(),
  /** For people: XXXX-XXXX. */
  userCode: z.string(),
  /** The page /device#XXXX-XXXX, where it is approved. */
  url: z.string(),
  expiresAt: z.number(),
  /** Ask no more often than this, in seconds. */
  interval: z.int(),
});
export type DeviceCode = z.infer<typeof DeviceCode>;
/** POST /device-codes/poll: 404 `device-code-unknown` when it was refused for good, used, or its time is over. */
export const PollDevice = strictObject({ deviceCode: Token });
export const DeviceAnswer = z.discriminatedUnion('state', [
  z.object({ state: z.literal('waiting') }),
  z.object({ state: z.literal('refused') }),
  /** `key` is shown this once. */
  z.object({
    state: z.literal('approved'),
    key: z.string(),
    person: z.object({ id: PersonId, name: z.string() }),
    team: z.object({ id: TeamId, name: z.string() }),
  }),
]);
export type DeviceAnswer = z.infer<typeof DeviceAnswer>;
/** GET /device-codes/{userCode}; POST …/approve (for the team one acts in) and …/refuse answer {}. */
export const UserCode = z
  .string()
  .transform((text) => text.toUpperCase().replace(/[\s-]/g, ''))
  .pipe(z.string().regex(/^[BCDFGHJKLMNPQRSTVWXZ]{8}$/, 'A code has eight letters, such as BCDF-GHJK.'))
  .transform((letters) => `${letters.slice(0, 4)}-${letters.slice(4)}`);
export const DeviceView = z.object({
  userCode: z.string(),
  /** What the program says it is, and where it asked from. */
  name: z.string(),
  address: z.string(),
  scopes: z.array(Scope),
  createdAt: z.number(),
  expiresAt: z.number(),
});
export type DeviceView = z.infer<typeof DeviceView>;
