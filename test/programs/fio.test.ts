import { expect } from 'vitest';
import { Programs, type Place } from './places.js';

interface Job {
  readonly engine: 'psync' | 'mmap' | 'libaio';
  readonly direct: boolean;
  readonly pattern: 'write' | 'randwrite' | 'randrw';
  readonly block: string;
  readonly size: string;
  readonly more?: readonly string[];
}

const jobs: readonly Job[] = [
  { engine: 'psync', direct: false, pattern: 'randrw', block: '4k', size: '12m' },
  { engine: 'psync', direct: false, pattern: 'write', block: '512-200k', size: '24m' },
  { engine: 'psync', direct: true, pattern: 'randwrite', block: '64k', size: '24m' },
  { engine: 'mmap', direct: false, pattern: 'randrw', block: '4k', size: '12m' },
  { engine: 'mmap', direct: false, pattern: 'write', block: '32k', size: '24m' },
  {
    engine: 'libaio',
    direct: true,
    pattern: 'randrw',
    block: '4k',
    size: '8m',
    more: ['--iodepth=16'],
  },
  {
    engine: 'libaio',
    direct: true,
    pattern: 'write',
    block: '128k',
    size: '24m',
    more: ['--iodepth=8'],
  },
];

interface Report {
  jobs: { error: number; read: { io_bytes: number }; write: { io_bytes: number } }[];
}

async function fio(place: Place, job: Job, ...args: string[]): Promise<unknown> {
  const output = await place.run('fio', [
    '--name=job',
    '--filename=file',
    `--ioengine=${job.engine}`,
    `--direct=${job.direct ? '1' : '0'}`,
    `--rw=${job.pattern}`,
    job.block.includes('-') ? `--bsrange=${job.block}` : `--bs=${job.block}`,
    `--size=${job.size}`,
    // Two jobs of the same seed do the same, wherever they run.
    '--randseed=20010203',
    '--verify=crc32c',
    '--verify_fatal=1',
    '--output-format=json',
    ...(job.more ?? []),
    ...args,
  ]);
  // Notes come before the JSON.
  const report = JSON.parse(output.slice(output.indexOf('{'))) as Report;
  return report.jobs.map(({ error, read, write }) => {
    expect(error).toBe(0);
    return { read: read.io_bytes, written: write.io_bytes };
  });
}

const programs = new Programs();

for (const job of jobs) {
  const how = `${job.engine}${job.direct ? ' O_DIRECT' : ''}, ${job.pattern}, ${job.block}`;
  programs.add(`fio: ${how}`, ['fio'], async (place) => {
    const results = { first: await fio(place, job, '--do_verify=1'), later: undefined as unknown };
    if (job.pattern === 'write') {
      // By another process, which drops the cached pages first.
      results.later = await fio(place, job, '--verify_only=1', '--invalidate=1');
    }
    return results;
  });
}

programs.install('memfs', /psync/);
