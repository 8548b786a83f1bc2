/** "45 s", "3 min 20 s", "1 h 05 min", "2 d 4 h"; one decimal below 10 s. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return days(hours);
}

/** A coarse duration for what is only estimated: "under a minute", "4 min", "2 h 10 min". */
export function formatEta(seconds: number): string {
  if (seconds < 50) return 'under a minute';
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes < 60) return `${minutes} min`;
  const rounded = minutes < 300 ? Math.round(minutes / 5) * 5 : Math.round(minutes / 30) * 30;
  const hours = Math.floor(rounded / 60);
  if (hours < 24) return rounded % 60 === 0 ? `${hours} h` : `${hours} h ${rounded % 60} min`;
  return days(hours);
}

const days = (hours: number): string =>
  hours % 24 === 0 ? `${hours / 24} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** "640 B", "1.4 MB", "18 GB", in steps of 1,000. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** Whole percent that says 100 only when all of it is there, and 0 only when nothing is. */
export function formatPercent(fraction: number): string {
  if (fraction >= 1) return '100 %';
  if (fraction <= 0) return '0 %';
  return `${Math.min(99, Math.max(1, Math.round(fraction * 100)))} %`;
}

export const formatCount = (count: number): string => count.toLocaleString('en');

/** "just now", "5 min ago", "yesterday, 14:02", "3 Nov, 14:02". */
export function formatAgo(at: number, now: number): string {
  const seconds = (now - at) / 1_000;
  if (seconds < 45) return 'just now';
  if (seconds < 3_570) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 6 * 3_600) return `${Math.round(seconds / 3_600)} h ago`;
  const then = new Date(at);
  const today = new Date(now);
  const days = Math.round(
    (new Date(today).setHours(0, 0, 0, 0) - new Date(then).setHours(0, 0, 0, 0)) / 86_400_000,
  );
  if (days === 0) return `today, ${formatClock(at)}`;
  if (days === 1) return `yesterday, ${formatClock(at)}`;
  const year = then.getFullYear() === today.getFullYear() ? {} : { year: 'numeric' as const };
  return `${then.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', ...year })}, ${formatClock(at)}`;
}

/** A figure that a program measured, in about four digits: "0.3127", "12.4", "1,204", "3.1e-7". */
export function formatMeasured(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(1).replace('e+', 'e');
  return value.toLocaleString('en', { maximumFractionDigits: size >= 1_000 ? 0 : size >= 10 ? 2 : 4 });
}

export const formatClock = (at: number, seconds = false): string =>
  new Date(at).toLocaleTimeString('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    ...(seconds ? { second: '2-digit' } : {}),
  });

/** "1 file", "12 files". */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;
