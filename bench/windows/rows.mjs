/** What is asked, how many bytes at a time, and how often in a round, by so many threads. */
export const ROWS = [
  { title: 'read 4 KiB', row: 'read', bytes: 4096, count: 4_000, threads: 1 },
  { title: 'read 4 KiB', row: 'read', bytes: 4096, count: 1_000, threads: 8 },
  { title: 'read 1 MiB', row: 'read', bytes: 1 << 20, count: 50, threads: 1 },
  { title: 'write 4 KiB', row: 'write', bytes: 4096, count: 4_000, threads: 1 },
  { title: 'write 1 MiB', row: 'write', bytes: 1 << 20, count: 50, threads: 1 },
  { title: 'stat of an open file', row: 'stat', bytes: 0, count: 4_000, threads: 1 },
  { title: 'open, stat, close', row: 'open', bytes: 0, count: 500, threads: 1 },
  { title: 'list 1,000 files', row: 'list', bytes: 0, count: 10, threads: 1 },
];
