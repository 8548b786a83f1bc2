import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobHash, LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import { type Assign, type DeliveredFile, StoredFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { type FakeOptions, FakeWorker } from '../../load-balancer/tests/support/fake-worker.ts';
import type { Farm } from './farm.ts';
import { until } from './until.ts';

export const hashOf = (bytes: Buffer): BlobHash =>
  createHash('sha256').update(bytes).digest('hex') as BlobHash;

export const workerToken = async (farm: Farm): Promise<string> =>
  (await readFile(join(farm.folder, 'secrets', 'worker-token'), 'utf8')).trim();

/** Speaks to a real farm over real sockets as somebody who has a join token and does with it what he likes. */
export class HostileWorker extends FakeWorker {
  readonly #backend: string;
  readonly #taken = new Set<LeaseId>();

  constructor(backend: string, options: FakeOptions) {
    super(options);
    this.#backend = backend;
  }

  static async join(farm: Farm, options: Partial<FakeOptions> = {}): Promise<HostileWorker> {
    const token = await workerToken(farm);
    const worker = new HostileWorker(farm.url, { url: farm.balancerUrl, token, ...options });
    await until(() => worker.welcome?.ok, 'the worker was not welcomed');
    return worker;
  }

  /** A lease for a chunk of that stage that no earlier call has given. */
  async lease(stageName: string): Promise<Assign> {
    const assign = await until(
      () => this.assigns.find((one) => one.stageName === stageName && !this.#taken.has(one.lease)),
      () => `no lease of "${stageName}" came, only of ${this.assigns.map((one) => one.stageName).join()}`,
    );
    this.#taken.add(assign.lease);
    return assign;
  }

  /** Asks the backend for a blob under a lease. */
  blob({ lease, signature }: Assign, hash: BlobHash, method = 'GET', body?: Buffer): Promise<Response> {
    return fetch(`${this.#backend}/api/v1/blobs/${hash}?lease=${lease}&signature=${signature}`, {
      method,
      ...(body === undefined ? {} : { body: new Uint8Array(body) }),
    });
  }

  /** Uploads bytes as an honest worker does, and gives what a result names them with. */
  async upload(assign: Assign, name: string, bytes: Buffer): Promise<DeliveredFile> {
    const response = await this.blob(assign, hashOf(bytes), 'PUT', bytes);
    const text = await response.text();
    if (!response.ok) throw new Error(`an upload was answered with ${response.status} ${text}`);
    return { name, mediaType: 'application/octet-stream', ...StoredFile.parse(JSON.parse(text)) };
  }
}
