import { readServerConfig, type ServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { readSignInConfig, type SignInConfig } from '@parallel-pilot/shared/server/sign-in-config.ts';
import { type MailConfig, readMailConfig } from './mail/mail-config.ts';

/** The settings of this process. Throws an Error with a sentence for each variable that does not fit. */
export const readConfig = (): ServerConfig => readServerConfig(process.env);

/** By which services people may sign in; the same. */
export const readSignIn = (): SignInConfig => readSignInConfig(process.env);

/** Where mail is handed over; the same. */
export const readMail = (): MailConfig | null => readMailConfig(process.env);
