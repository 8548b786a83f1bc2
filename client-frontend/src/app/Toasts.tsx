import '@mantine/notifications/styles.css';
import { Notifications, notifications } from '@mantine/notifications';

/** Where short messages appear. */
export const Toasts = () => <Notifications position="bottom-right" limit={3} />;

export const show = notifications.show;
