import { Checkbox } from '@mantine/core';
import { NOTICE_EVENTS, type NoticeEvent } from '@parallel-pilot/shared/model/notice.ts';
import { EVENT_WORDS } from './event-words.ts';
import classes from './Notifications.module.css';

type EventChoiceProps = {
  /** By what, for who does not see where it stands. */
  label: string;
  events: readonly NoticeEvent[];
  disabled?: boolean;
  onChange(events: NoticeEvent[]): void;
};

/** What somebody is told of a job by one way. */
export function EventChoice({ label, events, disabled = false, onChange }: EventChoiceProps) {
  return (
    <fieldset className={classes.events} aria-label={label} disabled={disabled}>
      {NOTICE_EVENTS.map((event) => (
        <Checkbox
          key={event}
          label={EVENT_WORDS[event]}
          checked={events.includes(event)}
          onChange={({ currentTarget: { checked } }) =>
            onChange(NOTICE_EVENTS.filter((one) => (one === event ? checked : events.includes(one))))
          }
        />
      ))}
    </fieldset>
  );
}
