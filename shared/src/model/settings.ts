/** `flag` is the option of `pilot` that says the same, with its value; null where there is none. */
export type Setting = { flag: `--${string}` | null; about: string };

/**
 * All that is set for a farm, a worker or `pilot`, apart from what a kind brings and from what one job asks for. A
 * setting has one name: `--memory-gb` is PILOT_MEMORY_GB. A flag goes before the variable, a variable before the default.
 */
export const SETTINGS = {
  PILOT_SERVER: { flag: '--server <url>', about: 'the farm to speak to' },
  PILOT_KEY_FILE: { flag: '--key-file <file>', about: 'file with a key of the farm' },
  PILOT_KEY: {
    flag: null,
    about: 'the key itself, for machines: never as a flag, which every user of a machine can read',
  },
  PILOT_DATA: { flag: '--data <dir>', about: 'folder for the database, files and logs of a farm' },
  PILOT_DEBUG: { flag: null, about: '1: errors of `pilot` come with their stack' },
  PILOT_LOG: { flag: null, about: 'trace, debug, info, warn, error or silent' },

  PILOT_HOST: { flag: '--host <address>', about: 'address to listen on; 0.0.0.0 lets other machines in' },
  PILOT_PORT: { flag: '--port <port>', about: 'port of the website' },
  PILOT_BALANCER_PORT: { flag: '--balancer-port <port>', about: 'port at which workers join' },
  PILOT_ANNOUNCE: {
    flag: null,
    about: '0: the local network is not told where workers join; only a farm that others reach tells it',
  },
  PILOT_WORKERS: { flag: '--workers <n>', about: 'workers that a farm brings' },
  PILOT_UNSANDBOXED: { flag: '--unsandboxed', about: 'work even where a machine has no sandbox' },
  PILOT_CONTAINER: {
    flag: null,
    about: '1: the worker is in a container of its own, which is the box where there is no other',
  },

  PILOT_JOIN: {
    flag: '--join <url>',
    about: 'address of the load balancer, such as http://farm:3001; without it the local network is asked',
  },
  PILOT_TOKEN_FILE: { flag: '--token-file <file>', about: 'file with the token that lets workers join' },
  PILOT_TOKEN: { flag: null, about: 'the token itself' },
  PILOT_NAME: { flag: '--name <name>', about: 'how the farm calls a worker' },
  PILOT_TAG: { flag: '--tag <names>', about: 'tags of a worker, for jobs to choose by: fast,quiet' },
  PILOT_POOL: { flag: '--pool <names>', about: 'pools that a worker is in: film,night' },
  PILOT_SLOTS: { flag: '--slots <n>', about: 'chunks worked on at the same time' },
  PILOT_THREADS: {
    flag: '--threads <n>',
    about: 'processor threads to use, shared out between the slots; or a part of them: 50%',
  },
  PILOT_MEMORY_GB: { flag: '--memory-gb <n>', about: 'memory for jobs, of all slots together' },
  PILOT_DISK_GB: { flag: '--disk-gb <n>', about: 'disk space for what jobs write, of all slots together' },
  PILOT_RESOURCE: {
    flag: '--resource <name=count>',
    about: 'what else there is to use up, such as licences: licence=1,seat=2',
  },
  PILOT_CACHE_GB: { flag: '--cache-gb <n>', about: 'space for files of jobs' },
  PILOT_WORKER_DATA: {
    flag: '--worker-data <dir>',
    about: 'folder of a worker for files and results on their way',
  },
  PILOT_CHUNK_HOURS: { flag: null, about: 'hours that a chunk may take of which its job says nothing else' },
  PILOT_HOURS: {
    flag: '--hours <spans>',
    about: 'hours of the week in which a worker takes work: 22:00-06:00, or weekdays 20:00-07:00, weekends',
  },
  PILOT_TIME_ZONE: {
    flag: '--time-zone <name>',
    about: "whose clocks these hours are by, such as Europe/Berlin; the machine's without",
  },
  PILOT_KINDS: {
    flag: '--kinds <names>',
    about: 'kinds of work that a worker takes; all that it can without',
  },
  PILOT_GPUS: {
    flag: '--gpus <names>',
    about: 'GPUs that jobs may ask for, by name or as cuda:1, or none; all without',
  },
  PILOT_LENDING_FILE: {
    flag: '--lending-file <file>',
    about: 'JSON file that limits all this further, and is read again when it changes',
  },
  PILOT_LEND_DATA: {
    flag: '--lend-data <name=folder>',
    about:
      'folders of data that jobs of the team may use here, by name, and that never leave the machine: wards=/srv/wards',
  },
  PILOT_ONLY_IDLE: {
    flag: null,
    about: '1: a worker that takes work only while nobody else uses its machine',
  },
  PILOT_HOST_FOLDER: { flag: null, about: 'where the workers of a machine see each other' },
  PILOT_GANG_ADDRESS: {
    flag: null,
    about:
      'where other workers reach this one, for work that several do together: 192.168.1.7:7400, or none; found out without',
  },

  DATABASE_URL: { flag: null, about: 'mysql://user:password@host/name; SQLite below PILOT_DATA without' },
  DATABASE_URL_FILE: { flag: null, about: 'file with the same' },
  DATABASE_PASSWORD_FILE: { flag: null, about: 'file with the password of the user in DATABASE_URL' },
  DATABASE_PASSWORD: { flag: null, about: 'the password itself' },
  PILOT_BALANCER_URL: { flag: null, about: 'where the backend finds the load balancer' },
  PILOT_BACKEND_URL: { flag: null, about: 'where a worker finds the backend, if not where the farm says' },
  PILOT_BACKEND_PORT: {
    flag: null,
    about: 'port of the backend as workers see it, for a load balancer alone',
  },
  PILOT_PUBLIC_URL: {
    flag: null,
    about: 'address by which people and workers reach the farm, behind a proxy',
  },
  PILOT_TRUSTED_PROXIES: {
    flag: null,
    about: 'proxies whose X-Forwarded-For is believed: 10.0.0.7, 10.1.0.0/16',
  },
  PILOT_OIDC_ISSUER: { flag: null, about: 'OpenID issuer that people sign in by: https://login.example' },
  PILOT_OIDC_NAME: { flag: null, about: 'how its button is called; OpenID without' },
  PILOT_OIDC_CLIENT_ID: { flag: null, about: 'as what this farm is registered there' },
  PILOT_OIDC_CLIENT_SECRET: { flag: null, about: 'the secret of that client' },
  PILOT_OIDC_CLIENT_SECRET_FILE: { flag: null, about: 'file with it, which is safer' },
  PILOT_OIDC_FIRST_SIGN_IN: {
    flag: null,
    about: 'of who has no account, by any service: create one, only for who was invited (invite), or refuse',
  },
  PILOT_OIDC_GROUPS_CLAIM: { flag: null, about: "the claim with somebody's groups, such as groups" },
  PILOT_OIDC_GROUPS: {
    flag: null,
    about: 'what groups are here: staff=Film:manager, students=Lab:member',
  },
  PILOT_GOOGLE_CLIENT_ID: { flag: null, about: 'signing in by Google' },
  PILOT_GOOGLE_CLIENT_SECRET: { flag: null, about: 'its secret' },
  PILOT_GOOGLE_CLIENT_SECRET_FILE: { flag: null, about: 'file with it' },
  PILOT_GITHUB_CLIENT_ID: { flag: null, about: 'signing in by GitHub' },
  PILOT_GITHUB_CLIENT_SECRET: { flag: null, about: 'its secret' },
  PILOT_GITHUB_CLIENT_SECRET_FILE: { flag: null, about: 'file with it' },
  PILOT_GITHUB_URL: { flag: null, about: 'address of a GitHub Enterprise Server in its place' },
  PILOT_MICROSOFT_CLIENT_ID: { flag: null, about: 'signing in by Microsoft Entra ID' },
  PILOT_MICROSOFT_CLIENT_SECRET: { flag: null, about: 'its secret' },
  PILOT_MICROSOFT_CLIENT_SECRET_FILE: { flag: null, about: 'file with it' },
  PILOT_MICROSOFT_TENANT: { flag: null, about: 'the id or domain of the one tenant whose people sign in' },
  PILOT_SMTP_URL: { flag: null, about: 'server that sends mail: smtps://user:password@mail.example' },
  PILOT_SMTP_URL_FILE: { flag: null, about: 'file with it, which is safer' },
  PILOT_MAIL_FROM: { flag: null, about: 'sender of mail: The farm <farm@example.org>' },
  PILOT_CLERK_PUBLISHABLE_KEY: {
    flag: null,
    about: 'publishable key of the Clerk application to sign in by',
  },
  PILOT_CLERK_JWT_KEY: { flag: null, about: 'its public key as PEM, which proves its session tokens' },
  PILOT_CLERK_JWT_KEY_FILE: { flag: null, about: 'file with it' },
  PILOT_CLERK_AUTHORIZED_PARTIES: {
    flag: null,
    about: 'origins of the pages that sign in by it; the public address without',
  },
  PILOT_CLERK_ORGANIZATION: {
    flag: null,
    about: 'required: nobody comes in who has chosen no organisation',
  },
  PILOT_MAX_UPLOAD_BYTES: { flag: null, about: 'of one upload' },
  PILOT_MAX_OPEN_UPLOAD_BYTES: { flag: null, about: 'of all uploads that are not finished' },
  PILOT_MAX_CALL_BYTES: {
    flag: null,
    about: 'of the event of a call of a function, and of its answer; 67108864',
  },
  PILOT_TEAM_WAITING_JOBS: {
    flag: null,
    about: 'jobs of a team that wait, where no other limit is set for it',
  },
  PILOT_TEAM_CHUNKS_AT_ONCE: { flag: null, about: 'chunks of a team that workers hold, likewise' },
  PILOT_TEAM_STORED_BYTES: { flag: null, about: 'what a team stores, likewise' },
  PILOT_TEAM_UPLOAD_BYTES: { flag: null, about: 'of one upload of a team, likewise' },
  PILOT_TEAM_WORKER_HOURS: { flag: null, about: 'what workers spend for a team in a month, likewise' },
  PILOT_TEAM_CALLS_PER_DAY: { flag: null, about: 'calls of functions of a team in a day, likewise' },
  PILOT_KEEP_DAYS: { flag: null, about: 'how long a job is kept once it is over, likewise' },
  PILOT_MAX_CONNECTIONS: { flag: null, about: 'of a server' },
  PILOT_MAX_CONNECTIONS_PER_ADDRESS: { flag: null, about: 'of a server, from one address' },
  PILOT_STALL_SECONDS: { flag: null, about: 'how long a request may stand still' },
  PILOT_DEADLINE_FIRST: {
    flag: null,
    about:
      'percent of slack left at which a job with a deadline goes before others of its priority, where admins have set nothing else; 20',
  },
  PILOT_DEADLINE_PREEMPT: {
    flag: null,
    about:
      'percent of slack left at which it may take the place of running work of lower priority, likewise; 5',
  },
  PILOT_HANG_SECONDS: { flag: null, about: 'how long a chunk may show no sign of life' },
  PILOT_WORKER_TOKEN: { flag: null, about: 'the token of workers, instead of one made and kept by the farm' },
  PILOT_CONTROL_TOKEN: { flag: null, about: 'the token between the two servers, likewise' },
  PILOT_SIGNING_KEY: { flag: null, about: 'the key that signs what a lease opens, likewise' },
  PILOT_WORKER_TOKEN_FILE: { flag: null, about: 'file with PILOT_WORKER_TOKEN' },
  PILOT_CONTROL_TOKEN_FILE: { flag: null, about: 'file with PILOT_CONTROL_TOKEN' },
  PILOT_SIGNING_KEY_FILE: { flag: null, about: 'file with PILOT_SIGNING_KEY' },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

/** Compose files and service units set variables to nothing: that is not a value. */
export const withoutBlanks = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(env).filter(([name, value]) => !(name in SETTINGS) || value?.trim() !== ''),
  );
