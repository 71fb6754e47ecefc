import { median, spread } from '../statistics.mjs';
import { showTime } from '../table.mjs';

const OURS = 'node-dokan';

/** In a second, which is what times are shown from. */
const NANOSECONDS = 1e9;

/** Round trips of a thread to JavaScript and back; of several threads, the time of all by their number. */
export function tripsTable(nanoseconds) {
  const rows = [1, 8].map((threads) => {
    const suffix = threads === 1 ? '' : threads;
    const ours = nanoseconds[`dokan${suffix}`];
    const others = ['sleeping', 'spinning'].map((name) => nanoseconds[`${name}${suffix}`]);
    return [
      threads,
      showTime(ours / NANOSECONDS),
      ...others.map((value) => (value / ours).toFixed(2)),
    ];
  });
  const head = ['threads', OURS, 'threadsafe function', 'the same, its thread spins'];
  return table(head, rows);
}

/** Ours as times, the others as their time divided by ours. */
export function rivalsTable(results) {
  const names = [...new Set(results.flatMap(({ rivals }) => Object.keys(rivals)))];
  const others = names.filter((name) => name !== OURS);
  const rows = results.map(({ title, threads, rivals }) => {
    const base = median(rivals[OURS]);
    const ratios = others.map((name) => {
      const times = rivals[name];
      if (times === undefined) return '';
      return `${(median(times) / base).toFixed(2)} ±${percent(spread(times))}`;
    });
    return [
      title,
      threads,
      `${showTime(base / NANOSECONDS)} ±${percent(spread(rivals[OURS]))}`,
      ...ratios,
    ];
  });
  return table(['mirrorfs, called directly', 'threads', OURS, ...others], rows);
}

function table(head, rows) {
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const percent = (share) => `${Math.round(share * 100)}%`;
