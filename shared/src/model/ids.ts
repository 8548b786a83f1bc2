import { z } from 'zod';

/**
 * Every id is a branded string: a prefix naming its type, then characters of
 * [0-9a-z]. The brand keeps a JobId from being passed where a WorkerId is due.
 */
const prefixed = <P extends string>(prefix: P) =>
  z.string().regex(new RegExp(`^${prefix}_[0-9a-z]{8,40}$`), `expected an id like ${prefix}_…`);

export const PersonId = prefixed('per').brand<'PersonId'>();
export type PersonId = z.infer<typeof PersonId>;
export const TeamId = prefixed('tea').brand<'TeamId'>();
export type TeamId = z.infer<typeof TeamId>;
export const KeyId = prefixed('key').brand<'KeyId'>();
export type KeyId = z.infer<typeof KeyId>;
export const LinkId = prefixed('lnk').brand<'LinkId'>();
export type LinkId = z.infer<typeof LinkId>;
export const JoinTokenId = prefixed('jtk').brand<'JoinTokenId'>();
export type JoinTokenId = z.infer<typeof JoinTokenId>;
export const JobId = prefixed('job').brand<'JobId'>();
export type JobId = z.infer<typeof JobId>;
export const PipelineId = prefixed('pip').brand<'PipelineId'>();
export type PipelineId = z.infer<typeof PipelineId>;
export const TemplateId = prefixed('tpl').brand<'TemplateId'>();
export type TemplateId = z.infer<typeof TemplateId>;
export const StageId = prefixed('stg').brand<'StageId'>();
export type StageId = z.infer<typeof StageId>;
export const WorkerId = prefixed('wrk').brand<'WorkerId'>();
export type WorkerId = z.infer<typeof WorkerId>;
export const LeaseId = prefixed('lse').brand<'LeaseId'>();
export type LeaseId = z.infer<typeof LeaseId>;
export const NoticeChannelId = prefixed('nch').brand<'NoticeChannelId'>();
export type NoticeChannelId = z.infer<typeof NoticeChannelId>;
export const FunctionId = prefixed('fun').brand<'FunctionId'>();
export type FunctionId = z.infer<typeof FunctionId>;
export const CallId = prefixed('cal').brand<'CallId'>();
export type CallId = z.infer<typeof CallId>;

export const UploadId = z
  .string()
  .regex(/^[0-9a-z]{8,64}$/)
  .brand<'UploadId'>();
export type UploadId = z.infer<typeof UploadId>;

/** A chunk is named by its stage and its place in it, so planning a stage twice names the same chunks. */
export const ChunkId = z
  .string()
  .regex(/^stg_[0-9a-z]{8,40}\.\d{1,9}$/)
  .brand<'ChunkId'>();
export type ChunkId = z.infer<typeof ChunkId>;
export const chunkId = (stage: StageId, ordinal: number): ChunkId => `${stage}.${ordinal}` as ChunkId;
export const stageOfChunk = (chunk: ChunkId): StageId => chunk.slice(0, chunk.lastIndexOf('.')) as StageId;
export const ordinalOfChunk = (chunk: ChunkId): number => Number(chunk.slice(chunk.lastIndexOf('.') + 1));

/** SHA-256 in lower-case hex: the name of a blob. */
export const BlobHash = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 in hex')
  .brand<'BlobHash'>();
export type BlobHash = z.infer<typeof BlobHash>;

/** Random bytes come from outside, so that a test can foresee every id. */
export type RandomBytes = (count: number) => Uint8Array;

type IdOf = {
  per: PersonId;
  tea: TeamId;
  key: KeyId;
  lnk: LinkId;
  jtk: JoinTokenId;
  job: JobId;
  pip: PipelineId;
  tpl: TemplateId;
  stg: StageId;
  wrk: WorkerId;
  lse: LeaseId;
  nch: NoticeChannelId;
  fun: FunctionId;
  cal: CallId;
};
export type IdPrefix = keyof IdOf;

/** A new id with 100 bits of the given randomness, 20 characters of 5 bits each. */
export function newId<P extends IdPrefix>(prefix: P, random: RandomBytes): IdOf[P] {
  const alphabet = '0123456789abcdefghijklmnopqrstuv';
  let id = `${prefix}_`;
  for (const byte of random(20)) id += alphabet[byte & 31];
  return id as IdOf[P];
}
