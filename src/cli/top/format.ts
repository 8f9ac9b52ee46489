/** Numbers in few characters. */

const units = ['B', 'K', 'M', 'G', 'T', 'P', 'E'];

/** At most four digits: `0.25`, `12.3`, `512`. Without a fraction that is nothing. */
function digits(value: number): string {
  return value < 99.95 ? value.toFixed(1).replace(/\.0$/, '') : value.toFixed(0);
}

/** Bytes in powers of 1024: `0B`, `1.5K`, `512M`. At most five characters. */
export function bytes(value: number | null): string {
  if (value === null) return '-';
  let scaled = value;
  let unit = 0;
  // what would round up to 1024 is one of the next
  while (scaled >= 1023.5 && unit < units.length - 1) {
    scaled /= 1024;
    unit++;
  }
  return `${unit === 0 ? scaled.toFixed(0) : digits(scaled)}${units[unit] ?? ''}`;
}

/** Without its sign: `0.0`, `99.9`, `1234`. */
export function percent(value: number | null): string {
  if (value === null) return '-';
  return value < 999.95 ? value.toFixed(1) : value.toFixed(0);
}

/** A limit, of which nobody wants a fraction that is nothing: `50`, `12.5`. */
export function percentLimit(value: number | null): string {
  return value === null ? '-' : percent(value).replace(/\.0$/, '');
}

/** `12`, `12/100`. */
export function count(value: { readonly current: number; readonly limit: number | null } | null): string {
  if (value === null) return '-';
  return value.limit === null ? String(value.current) : `${value.current}/${value.limit}`;
}

/** Milliseconds as a person says them: `500ms`, `1s`, `1.5s`, `2m`, `1m30s`, `2h`. */
export function span(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds.toFixed(0)}ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1).replace(/\.0$/, '')}s`;
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const parts = [`${hours}h`, `${minutes}m`, `${rest}s`].filter((part) => !part.startsWith('0'));
  return parts.slice(0, 2).join('');
}

/** Cut to a width, with a mark where something is missing. */
export function clip(text: string, width: number, mark: string): string {
  if (text.length <= width) return text;
  return width <= 0 ? '' : text.slice(0, width - 1) + mark;
}
