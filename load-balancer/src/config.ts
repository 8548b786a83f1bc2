import { readServerConfig, type ServerConfig } from '@parallel-pilot/shared/server/config.ts';

/** The one place of this process that reads the environment. Throws an Error with a sentence for each bad variable. */
export const readConfig = (): ServerConfig => readServerConfig(process.env);
