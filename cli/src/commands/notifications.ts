import type { NoticeView } from '@parallel-pilot/shared/api/notices.ts';
import type { NewChannel } from '@parallel-pilot/shared/api/notifications.ts';
import { NOTICE_EVENTS, NoticeEvent } from '@parallel-pilot/shared/model/notice.ts';
import { Command } from 'commander';
import type { z } from 'zod';
import { connect } from '../api/connect.ts';
import { findChannel } from '../api/find-channel.ts';
import type { Context } from '../context.ts';
import { wholeNumber } from '../numbers.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../options.ts';
import { channelName, channelTable, noticeTable, type Told } from '../report/notice-lines.ts';
import { SentenceError } from '../sentence-error.ts';
import { print, printJson } from '../text/print.ts';

/** `pilot notifications list|read|channels|add|set|test|remove`: what I was told of my jobs, and how I am told. */
export const notificationsCommand = (context: Context): Command =>
  new Command('notifications')
    .summary('what you were told of your jobs, and how you are told')
    .description('Shows what you were told of your jobs, and says how you are told, and of what.')
    .addCommand(listCommand(context), { isDefault: true })
    .addCommand(readCommand(context))
    .addCommand(channelsCommand(context))
    .addCommand(addCommand(context))
    .addCommand(setCommand(context))
    .addCommand(testCommand(context))
    .addCommand(removeCommand(context));

function listCommand({ config, stdout }: Context): Command {
  const command = new Command('list')
    .description(
      'Lists what you were told of your jobs, newest first, what of it is new, and whether it arrived.',
    )
    .option('--limit <n>', 'at most so many', wholeNumber(1, 200), 20);
  withJson(withServer(command));
  withExamples(command, ['pilot notifications', 'pilot notifications list --limit 5 --json']);
  return command.action(async (flags: ApiFlags & { limit: number }) => {
    const api = await connect(config, flags);
    const { channels } = await api.notifications();
    const logs = await Promise.all(
      channels.map(async (channel) => {
        const { notices } = await api.channelLog(channel.id);
        return notices.map((notice) => ({ channel, notice, isNew: false }));
      }),
    );
    const { notices, unread } = await api.notices();
    const told = together(notices, logs.flat()).slice(0, flags.limit);
    if (flags.json) return printJson(stdout, told.map(asJson), 2);
    const hint = channels.length === 0 ? [NOBODY] : [];
    if (told.length === 0) return print(stdout, ['Nothing was told so far.', ...hint]);
    const news = unread === 0 ? [] : [`${unread} new. "pilot notifications read" marks them read.`];
    print(stdout, [...noticeTable(told, Date.now(), stdout.columns || 120), ...news, ...hint]);
  });
}

/** What stands on the site, and by what else it was told, newest first; a channel is tried with what stands there alone. */
function together(notices: readonly NoticeView[], logs: readonly Told[]): Told[] {
  const keyOf = ({ event, job, at }: Told['notice']) => `${job?.id} ${event} ${at}`;
  const fresh = new Set(notices.filter(({ isNew }) => isNew).map(keyOf));
  const sent = new Set(logs.map(({ notice }) => keyOf(notice)));
  const all: Told[] = [
    ...logs.map((one) => ({ ...one, isNew: fresh.has(keyOf(one.notice)) })),
    ...notices
      .filter((notice) => !sent.has(keyOf(notice)))
      .map((notice) => ({ notice, isNew: notice.isNew })),
  ];
  return all.sort((a, b) => b.notice.at - a.notice.at);
}

function readCommand({ config, stdout }: Context): Command {
  const command = new Command('read').description('Marks all that you were told as read.');
  withJson(withServer(command));
  withExamples(command, ['pilot notifications read']);
  return command.action(async (flags: ApiFlags) => {
    const api = await connect(config, flags);
    const shown = (await api.notices()).notices.map(({ id }) => id);
    const unread = shown.length === 0 ? 0 : await api.readNotices({ shown });
    if (flags.json) return printJson(stdout, { unread }, 2);
    print(stdout, unread === 0 ? 'All is read.' : `${unread} came meanwhile.`);
  });
}

const NOBODY =
  'Beside the site nothing tells you so far. "pilot notifications add email" or "add webhook URL" changes that, and so does the page Notifications of the site.';

const asJson = ({ channel, notice, isNew }: Told) => ({ channel: channel?.id ?? null, ...notice, isNew });

function channelsCommand({ config, stdout }: Context): Command {
  const command = new Command('channels').description('Lists how you are told, and of what.');
  withJson(withServer(command));
  withExamples(command, ['pilot notifications channels']);
  return command.action(async (flags: ApiFlags) => {
    const { channels, email } = await (await connect(config, flags)).notifications();
    if (flags.json) return printJson(stdout, channels, 2);
    const hint = email.problem === null ? [] : [`E-mail: ${email.problem}`];
    const lines = channels.length === 0 ? [NOBODY] : channelTable(channels, stdout.columns || 120);
    print(stdout, [...lines, ...hint]);
  });
}

type EventFlags = ApiFlags & { events?: NoticeEvent[] };

const withEventNames = (command: Command): Command =>
  command.option(
    '--events <names>',
    `of what, such as done,failed (all: ${NOTICE_EVENTS.join(',')})`,
    readEvents,
  );

function addCommand({ config, stdout }: Context): Command {
  const command = new Command('add')
    .description('Adds a way to tell you: "email", or "webhook" with the address of a server of yours.')
    .argument('<type>', 'email or webhook')
    .argument('[address]', 'of the webhook; of the e-mail only where nobody has an account');
  withJson(withServer(withEventNames(command)));
  withExamples(command, [
    'pilot notifications add email',
    'pilot notifications add webhook https://hooks.example.org/farm --events failed,at-risk',
  ]);
  return command.action(async (type: string, address: string | undefined, flags: EventFlags) => {
    const asked = channelAsked(type, address, flags.events ?? [...NOTICE_EVENTS]);
    const made = await (await connect(config, flags)).makeChannel(asked);
    if (flags.json) return printJson(stdout, made, 2);
    const secret = made.secret === null ? [] : [`Its requests are signed with ${made.secret}`];
    print(stdout, [`You are told by ${channelName(made.channel)} (${made.channel.id}).`, ...secret]);
  });
}

function channelAsked(
  type: string,
  address: string | undefined,
  events: NoticeEvent[],
): z.input<typeof NewChannel> {
  if (type === 'email') return { type, events, ...(address === undefined ? {} : { address }) };
  if (type !== 'webhook')
    throw new SentenceError(
      `There is no "${type}" to be told by: give email or webhook. A browser is added on the site, in that browser.`,
    );
  if (address === undefined)
    throw new SentenceError('Give the address of the webhook: pilot notifications add webhook https://…');
  return { type, url: address, events };
}

function setCommand({ config, stdout }: Context): Command {
  const command = withEventNames(
    new Command('set').description('Says of what you are told by a channel.').argument('<channel>', CHANNEL),
  );
  withJson(withServer(command));
  withExamples(command, ['pilot notifications set ann@example.org --events failed,waiting']);
  return command.action(async (text: string, flags: EventFlags) => {
    if (flags.events === undefined) throw new SentenceError('Say of what: --events done,failed');
    const api = await connect(config, flags);
    const channel = await api.changeChannel((await findChannel(api, text)).id, flags.events);
    if (flags.json) return printJson(stdout, channel, 2);
    print(stdout, `${channelName(channel)} tells of ${channel.events.join(', ') || 'nothing'}.`);
  });
}

function testCommand({ config, stdout }: Context): Command {
  const command = new Command('test')
    .description('Has the farm tell you something, to see whether it arrives.')
    .argument('<channel>', CHANNEL);
  withServer(command);
  withExamples(command, ['pilot notifications test ann@example.org']);
  return command.action(async (text: string, flags: ApiFlags) => {
    const api = await connect(config, flags);
    const channel = await findChannel(api, text);
    await api.post(`/api/v1/account/notifications/${encodeURIComponent(channel.id)}/test`);
    print(stdout, `${channelName(channel)} is told. "pilot notifications" shows whether it arrived.`);
  });
}

function removeCommand({ config, stdout }: Context): Command {
  const command = new Command('remove')
    .description('Ends a way to tell you; what was told by it is forgotten.')
    .argument('<channel>', CHANNEL);
  withServer(command);
  withExamples(command, ['pilot notifications remove https://hooks.example.org/farm']);
  return command.action(async (text: string, flags: ApiFlags) => {
    const api = await connect(config, flags);
    const channel = await findChannel(api, text);
    await api.removeChannel(channel.id);
    print(stdout, `You are told by ${channelName(channel)} no more.`);
  });
}

const CHANNEL = 'its address, or its id or enough of its beginning';

function readEvents(text: string): NoticeEvent[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return names.map((name) => {
    const event = NoticeEvent.safeParse(name);
    if (event.success) return event.data;
    throw new SentenceError(
      `--events ${text}: there is no "${name}"; there are ${NOTICE_EVENTS.join(', ')}.`,
    );
  });
}
