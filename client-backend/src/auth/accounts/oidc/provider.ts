import type { SignInProblem } from '@parallel-pilot/shared/access/sign-in-problems.ts';
import type { ProviderConfig } from '@parallel-pilot/shared/server/sign-in-config.ts';
import * as client from 'openid-client';

/** What a service said of somebody, with proof that it was the service. */
export type Claimed = {
  /** Never given to somebody else there. */
  sub: string;
  email: string | null;
  emailVerified: boolean;
  name: string | null;
  groups: string[];
};

/** What has to be kept from the way there to the way back. */
export type Checks = { state: string; nonce: string; verifier: string };

export type Provider = {
  config: ProviderConfig;
  /** Where to send the browser. Throws SignInFailed. */
  begin(redirectUri: string): Promise<{ url: URL; checks: Checks }>;
  /** What the browser brought back, as `url`. Throws SignInFailed. */
  finish(url: URL, checks: Checks): Promise<Claimed>;
};

export class SignInFailed extends Error {
  readonly problem: SignInProblem;
  constructor(problem: SignInProblem, options?: ErrorOptions) {
    super(problem, options);
    this.problem = problem;
  }
}

/** Of one request to a service. */
export const TIMEOUT_SECONDS = 8;

/** Plain HTTP, which the settings allow on this machine alone. */
export const insecureOnLoopback = (issuer: URL) =>
  issuer.protocol === 'http:' ? [client.allowInsecureRequests] : [];
