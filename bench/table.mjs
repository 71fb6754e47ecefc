import { median, spread } from './statistics.mjs';

const OURS = 'node-dokan';
const PINNED = ', one core';

/** A time as people read it. @param nanoseconds - any */
export function showTime(nanoseconds) {
  if (nanoseconds < 10_000) return `${(nanoseconds / 1_000).toFixed(1)} µs`;
  if (nanoseconds < 1_000_000) return `${Math.round(nanoseconds / 1_000)} µs`;
  if (nanoseconds < 10_000_000) return `${(nanoseconds / 1_000_000).toFixed(1)} ms`;
  return `${Math.round(nanoseconds / 1_000_000)} ms`;
}

/**
 * One table: ours as times, every other one as its time divided by ours, so that more than 1 means
 * that we are faster; beside each its spread over the rounds.
 */
export function microTable(results) {
  return [
    ...section(results, 'any core', (name) => !name.endsWith(PINNED)),
    '',
    ...section(results, 'all on one core', (name) => name.endsWith(PINNED)),
  ].join('\n');
}

function section(results, title, belongs) {
  const rows = results.filter(({ peers }) => Object.keys(peers).some(belongs));
  const names = [...new Set(rows.flatMap(({ peers }) => Object.keys(peers)))].filter(belongs);
  const ours = names.find((name) => name.startsWith(OURS));
  const others = names.filter((name) => name !== ours);
  const head = [`Median latency, ${title}`, 'threads', OURS, 'p99', ...others.map(plain)];
  return [
    line(head),
    line(head.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...rows.map(({ title: what, threads, peers }) => {
      const own = peers[ours];
      const base = median(own.medians);
      const ratios = others.map((name) => {
        const { medians } = peers[name];
        return `${(median(medians) / base).toFixed(2)} ±${percent(spread(medians))}`;
      });
      const mine = `${showTime(base)} ±${percent(spread(own.medians))}`;
      return line([what, threads, mine, showTime(median(own.p99s)), ...ratios]);
    }),
  ];
}

const plain = (name) => name.replace(PINNED, '');
const percent = (share) => `${Math.round(share * 100)}%`;
const line = (cells) => `| ${cells.join(' | ')} |`;
