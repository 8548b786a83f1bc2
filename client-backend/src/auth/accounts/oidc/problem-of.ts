import type { SignInProblem } from '@parallel-pilot/shared/access/sign-in-problems.ts';
import * as client from 'openid-client';
import { SignInFailed } from './provider.ts';

/** What an error of the client means for who signs in. */
export function problemOf(error: unknown): SignInProblem {
  if (error instanceof SignInFailed) return error.problem;
  if (error instanceof client.AuthorizationResponseError) return 'issuer-refused';
  if (error instanceof client.ResponseBodyError) {
    return REFUSES_FARM.includes(error.error) ? 'issuer-refuses-farm' : 'issuer-refused';
  }
  // Answered with 401 and a challenge alone, by issuers that take the secret as Basic.
  if (error instanceof client.WWWAuthenticateChallengeError) return 'issuer-refuses-farm';
  if (error instanceof client.ClientError) {
    if (error.code === 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED') return 'clock-off';
    if (error.code === 'OAUTH_TIMEOUT' || error.code === 'OAUTH_ABORT') return 'issuer-down';
    if (error.code === 'OAUTH_RESPONSE_IS_NOT_CONFORM') return 'issuer-down';
    return 'issuer-not-proved';
  }
  // What fetch itself throws: no such host, nobody listens, no such certificate.
  if (error instanceof TypeError) return 'issuer-down';
  return 'issuer-not-proved';
}

const REFUSES_FARM = ['invalid_client', 'unauthorized_client', 'incorrect_client_credentials'];

/** For the log, without what was sent. */
export function whyOf(error: unknown): string {
  const { message, code, cause } = error as { message?: string; code?: string; cause?: { message?: string } };
  return [code, message, cause?.message].filter((one) => typeof one === 'string').join(': ');
}
