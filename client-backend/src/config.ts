import { readServerConfig, type ServerConfig } from '@parallel-pilot/shared/server/config.ts';

/** The settings of this process. Throws an Error with a sentence for each variable that does not fit. */
export const readConfig = (): ServerConfig => readServerConfig(process.env);
