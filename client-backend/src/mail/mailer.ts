import type { Log } from '@parallel-pilot/shared/server/log.ts';
import type { Mail } from './mail.ts';
import type { MailConfig } from './mail-config.ts';

export interface Mailer extends Mail {
  close(): void;
}

/**
 * Hands mail over to the server of the settings, within 20 s; throws an Error with a sentence for an admin. Neither the
 * password of that server nor what stands in a mail is logged.
 */
export function createMailer({ url, from }: MailConfig, log: Log): Mailer {
  const connecting = import('nodemailer').then(({ createTransport }) =>
    createTransport({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port) || (url.protocol === 'smtps:' ? 465 : 587),
      secure: url.protocol === 'smtps:',
      // A password never goes over the network in the open.
      requireTLS: url.username !== '' && !isLoopback(url),
      ignoreTLS: isLoopback(url),
      ...(url.username === ''
        ? {}
        : { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } }),
      connectionTimeout: 10_000,
      greetingTimeout: 10_000,
      socketTimeout: 20_000,
      disableFileAccess: true,
      disableUrlAccess: true,
    }),
  );
  return {
    async send({ to, subject, text, id }) {
      try {
        const transport = await connecting;
        const named = id === undefined ? {} : { messageId: `<${id}>` };
        await transport.sendMail({ from, to: { name: '', address: to }, subject, text, ...named });
        log.info({ event: 'mail.sent', server: url.host });
      } catch (error) {
        const { message, code } = error as { message: string; code?: string };
        log.error({ event: 'mail.failed', server: url.host, code, message });
        throw new Error(`The mail could not be sent by ${url.host} (${code ?? 'refused'}).`, {
          cause: error,
        });
      }
    },
    close: () => void connecting.then((transport) => transport.close()),
  };
}

const isLoopback = ({ hostname }: URL): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
