import { OURS } from './peers.mjs';
import { median, spread } from './statistics.mjs';

/** A time as people read it. @param seconds - any */
export function showTime(seconds) {
  const microseconds = seconds * 1e6;
  if (microseconds < 10) return `${microseconds.toFixed(2)} µs`;
  if (microseconds < 100) return `${microseconds.toFixed(1)} µs`;
  if (microseconds < 1_000) return `${Math.round(microseconds)} µs`;
  if (microseconds < 10_000) return `${(microseconds / 1e3).toFixed(1)} ms`;
  if (microseconds < 1_000_000) return `${Math.round(microseconds / 1e3)} ms`;
  return `${seconds.toFixed(2)} s`;
}

/**
 * One table: ours as times, every other one as its time divided by ours, so that more than 1 means
 * that we are faster; beside each its spread over the rounds.
 * @param rows - of one group
 */
export function ratioTable(title, rows) {
  const others = rows[0].columns.filter((name) => name !== OURS);
  const hasTail = rows.some(({ peers }) => peers[OURS]?.p99 !== undefined);
  const notes = new Notes();
  const lines = rows.map((row) => {
    const { peers, failures, show = showTime } = row;
    const own = peers[OURS]?.value;
    const mine =
      own === undefined ? notes.failed(failures[OURS]) : `${show(median(own))} ${around(own)}`;
    const ratios = others.map((name) => {
      const values = peers[name]?.value;
      if (values === undefined) return notes.failed(failures[name]);
      if (own === undefined) return `(${show(median(values))})`;
      return `${(median(values) / median(own)).toFixed(2)} ${around(values)}`;
    });
    const tail = peers[OURS]?.p99;
    const p99 = hasTail ? [tail === undefined ? '' : show(median(tail))] : [];
    return [row.title, mine, ...p99, ...ratios];
  });
  const head = [title, OURS, ...(hasTail ? ['p99'] : []), ...others];
  return [...grid(head, lines), ...notes.lines].join('\n');
}

/** Lines of a table whose first column is text. */
export function grid(head, lines) {
  return [
    line(head),
    line(head.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...lines.map(line),
  ];
}

/** Reasons, each told once below the table. */
class Notes {
  #reasons = [];

  failed(reason) {
    if (reason === undefined) return '';
    let at = this.#reasons.indexOf(reason);
    if (at < 0) at = this.#reasons.push(reason) - 1;
    return `failed (${at + 1})`;
  }

  get lines() {
    return this.#reasons.flatMap((reason, index) => ['', `(${index + 1}) ${reason}`]);
  }
}

const around = (values) => (values.length > 1 ? `±${Math.round(spread(values) * 100)}%` : '');
const line = (cells) => `| ${cells.map((cell) => String(cell).trim()).join(' | ')} |`;
