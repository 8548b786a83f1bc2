import { TextInput } from '@mantine/core';

type MomentInputProps = {
  label: string;
  description?: string;
  error?: string | undefined;
  /** Ms since 1970. */
  value: number | null;
  onChange(value: number | null): void;
};

/** A day and a time of it, where the browser is. */
export function MomentInput({ value, onChange, ...rest }: MomentInputProps) {
  return (
    <TextInput
      type="datetime-local"
      {...rest}
      value={value === null ? '' : written(value)}
      onChange={(event) => {
        const at = new Date(event.currentTarget.value).getTime();
        onChange(Number.isNaN(at) ? null : at);
      }}
    />
  );
}

/** "2026-11-22T15:30". */
function written(at: number): string {
  const then = new Date(at);
  const two = (part: number) => String(part).padStart(2, '0');
  const day = [then.getFullYear(), two(then.getMonth() + 1), two(then.getDate())].join('-');
  return `${day}T${two(then.getHours())}:${two(then.getMinutes())}`;
}

/** The next evening, the next morning, and the morning after the weekend. */
export function usualMoments(now: number): { label: string; at: number }[] {
  const on = (days: number, hour: number) => {
    const then = new Date(now);
    then.setDate(then.getDate() + days);
    return then.setHours(hour, 0, 0, 0);
  };
  const monday = ((8 - new Date(now).getDay()) % 7 || 7) as number;
  return [
    ...(on(0, 18) > now ? [{ label: 'Today 18:00', at: on(0, 18) }] : []),
    { label: 'Tomorrow 08:00', at: on(1, 8) },
    ...(monday > 1 ? [{ label: 'Monday 08:00', at: on(monday, 8) }] : []),
  ];
}
