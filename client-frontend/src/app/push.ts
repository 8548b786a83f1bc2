import type { Notifications } from '@parallel-pilot/shared/api/notifications.ts';
import { NOTICE_EVENTS, type NoticeEvent } from '@parallel-pilot/shared/model/notice.ts';
import { getNotifications, makeChannel } from '../api/notifications.ts';
import { browserOf } from '../pages/account/browser-of.ts';

/** This browser's own end of Web Push: it is told by a service of its maker, also while no page of the farm is open. */
type Subscribed = { subscription: PushSubscription; id: string };

async function present(): Promise<Subscribed | null> {
  const registration = await navigator.serviceWorker?.getRegistration();
  const subscription = (await registration?.pushManager?.getSubscription()) ?? null;
  return subscription === null ? null : { subscription, id: await hashOf(subscription.endpoint) };
}

/** By which the farm calls this browser (`browser` of a channel); null where it is not subscribed. */
export const presentBrowser = async (): Promise<string | null> => (await present())?.id ?? null;

/** False where the browser has no push service that it reaches, or may not be told. */
export async function subscribe(events: NoticeEvent[] = [...NOTICE_EVENTS]): Promise<boolean> {
  const registration = await navigator.serviceWorker?.getRegistration();
  if (registration?.pushManager === undefined) return false;
  const { pushKey } = await getNotifications();
  // Of a farm that was set up anew.
  const before = await registration.pushManager.getSubscription();
  if (before !== null && keyOf(before) !== pushKey) await before.unsubscribe();
  try {
    const options = { userVisibleOnly: true, applicationServerKey: pushKey };
    const { endpoint, keys } = (await registration.pushManager.subscribe(options)).toJSON();
    const { p256dh = '', auth = '' } = keys ?? {};
    const name = browserOf(navigator.userAgent);
    await makeChannel({ type: 'push', name, endpoint: endpoint ?? '', keys: { p256dh, auth }, events });
    return true;
  } catch {
    // Firefox and Chrome throw where their service is not reached; then pages that are open tell.
    await endPush();
    return false;
  }
}

/** This browser takes nothing any more; the farm learns of it with the next message. */
export async function endPush(): Promise<void> {
  await (await present())?.subscription.unsubscribe().catch(() => false);
}

/** Whether the farm still tells this browser: its owner may have ended that from another one. */
export async function isTold(known?: Notifications): Promise<boolean> {
  const here = await present();
  if (here === null) return false;
  const { channels, pushKey } = known ?? (await getNotifications());
  return keyOf(here.subscription) === pushKey && channels.some(({ browser }) => browser === here.id);
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function keyOf({ options }: PushSubscription): string {
  const key = new Uint8Array(options.applicationServerKey ?? new ArrayBuffer(0));
  const letters = btoa(String.fromCharCode(...key));
  return letters.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
