import { readClerkConfig } from '@parallel-pilot/shared/server/clerk-config.ts';
import { readServerConfig, type ServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { readSignInConfig } from '@parallel-pilot/shared/server/sign-in-config.ts';
import { readMailConfig } from './mail/mail-config.ts';

/** The settings of this process. Throws an Error with a sentence for each variable that does not fit. */
export const readConfig = (): ServerConfig => readServerConfig(process.env);

/** How people sign in where others reach the farm, and by which server it sends mail. */
export const readSignIn = () => ({
  clerk: readClerkConfig(process.env),
  signIn: readSignInConfig(process.env),
  mail: readMailConfig(process.env),
});
