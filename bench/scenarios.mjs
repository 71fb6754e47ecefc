import { existsSync, linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.mjs';

/**
 * What people do with a directory. A scenario is a sequence of rows on one fresh volume; each
 * begins with what the one before has left. `setUp` prepares the mirrored directory before the mount.
 */

/** What may be dropped of the kernel's caches before a row: names and attributes, or data too. */
const NAMES = 2;
const ALL = 3;

const QUIET = {
  ...process.env,
  LC_ALL: 'C',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'bench',
  GIT_AUTHOR_EMAIL: 'bench@example.com',
  GIT_COMMITTER_NAME: 'bench',
  GIT_COMMITTER_EMAIL: 'bench@example.com',
};

/** The time a shell takes for `script` in the volume. $INPUTS and $CACHE are outside of it. */
const shell = (script) => async (place) => (await inShell(script, place)).seconds;

function inShell(script, { directory, inputs, cache }) {
  const env = { ...QUIET, INPUTS: inputs, CACHE: cache };
  return run(['bash', '-ec', script], { cwd: directory, env });
}

/** Seconds of one read, by fio's own count. */
const fio = (depth, isDirect) => async (place) => {
  const { stdout } = await inShell(
    'fio --name=random --filename=data --readonly --rw=randread --bs=4k --time_based ' +
      `--runtime=${place.fioTime}ms --ioengine=libaio --iodepth=${depth} ` +
      `--direct=${isDirect ? 1 : 0} --invalidate=0 --randseed=1 --output-format=json`,
    place,
  );
  const [job] = JSON.parse(stdout.slice(stdout.indexOf('{'))).jobs;
  return 1 / job.read.iops;
};

const perSecond = (seconds) => `${Math.round(1 / seconds).toLocaleString('en')} /s`;

const throughput = (bytes) => (seconds) => {
  const mebibytes = bytes / 2 ** 20 / seconds;
  return mebibytes < 2048
    ? `${Math.round(mebibytes)} MiB/s`
    : `${(mebibytes / 1024).toFixed(1)} GiB/s`;
};

/** @param sizes - `files` of the tree, `megabytes` that dd writes */
export function scenarios({ files, megabytes }) {
  const bytes = megabytes * 2 ** 20;
  return [
    {
      name: 'tree',
      rows: [
        row(
          'untar',
          `untar ${files.toLocaleString('en')} small files`,
          shell('tar -xf $INPUTS/tree.tar'),
        ),
        row('ls-cold', 'ls -lR, cold', shell('ls -lR > /dev/null'), { drop: NAMES }),
        row('ls-warm', 'ls -lR, warm', shell('ls -lR > /dev/null')),
        row('find-cold', 'find, cold', shell('find . > /dev/null'), { drop: NAMES }),
        row('find-warm', 'find, warm', shell('find . > /dev/null')),
        row('du-cold', 'du, cold', shell('du -s > /dev/null'), { drop: NAMES }),
        row('du-warm', 'du, warm', shell('du -s > /dev/null')),
        row('rm', 'rm -rf', shell('rm -rf tree')),
      ],
    },
    {
      name: 'git',
      setUp: ({ source, inputs }) =>
        run([
          'bash',
          '-ec',
          `cd ${source}; tar --wildcards -xf ${inputs}/tree.tar 'tree/area-[0-3]'; git init -q; git config gc.auto 0`,
        ]),
      rows: [
        row(
          'git-add',
          `git add, ${((files * 4) / 10).toLocaleString('en')} files`,
          shell('git add .'),
        ),
        row('git-commit', 'git commit', shell('git commit -qm all')),
        row('git-status-cold', 'git status, cold', shell('git status > /dev/null'), {
          drop: NAMES,
        }),
        row('git-status-warm', 'git status, warm', shell('git status > /dev/null')),
      ],
    },
    {
      name: 'npm',
      setUp: ({ source, inputs }) => run(['cp', join(inputs, 'packages/package.json'), source]),
      rows: [
        row(
          'npm-install',
          'npm install',
          shell(
            'npm install --offline --ignore-scripts --no-audit --no-fund --no-update-notifier ' +
              '--cache $CACHE/npm --loglevel=error > /dev/null',
          ),
        ),
      ],
    },
    {
      name: 'dd',
      rows: [
        row(
          'dd-write',
          `dd write ${megabytes} MiB, fsync`,
          shell(`dd if=/dev/zero of=big bs=1M count=${megabytes} conv=fsync status=none`),
          { show: throughput(bytes) },
        ),
        row(
          'dd-read-cold',
          `dd read ${megabytes} MiB, cold`,
          shell('dd if=big of=/dev/null bs=1M status=none'),
          { drop: ALL, show: throughput(bytes) },
        ),
        row(
          'dd-read-warm',
          `dd read ${megabytes} MiB, warm`,
          shell('dd if=big of=/dev/null bs=1M status=none'),
          { show: throughput(bytes) },
        ),
      ],
    },
    {
      name: 'fio',
      // The same blocks of the disk for all.
      setUp: ({ source, inputs }) => linkSync(join(inputs, 'data'), join(source, 'data')),
      rows: [1, 16].flatMap((depth) =>
        [false, true].map((isDirect) =>
          row(
            `fio-${depth}${isDirect ? '-direct' : ''}`,
            `fio, random 4 KiB read, depth ${depth}${isDirect ? ', direct' : ''}`,
            fio(depth, isDirect),
            { drop: ALL, show: perSecond },
          ),
        ),
      ),
    },
    {
      name: 'sqlite',
      rows: [
        row('sqlite-each', 'sqlite, 100 transactions', shell('sqlite3 each.db < $INPUTS/each.sql')),
        row(
          'sqlite-one',
          'sqlite, 50,000 inserts in one transaction',
          shell('sqlite3 one.db < $INPUTS/one.sql'),
        ),
      ],
    },
    {
      name: 'gcc',
      setUp: ({ source, inputs }) => run(['cp', '-r', join(inputs, 'project'), source]),
      rows: [row('make', 'make -j2, 25 files in C', shell('make -s -j2 -C project'))],
    },
  ];
}

/**
 * @param measure - makes a measurement, in seconds
 * @param options - `drop`: what is not cached; `show`: how people read it
 */
function row(name, title, measure, { drop, show } = {}) {
  return { row: name, title, measure, drop, show };
}

/** A fresh directory for a scenario, on the disk. */
export function makePlace(disk, inputs, sizes) {
  const base = join(disk, 'now');
  rmSync(base, { recursive: true, force: true });
  const source = join(base, 'source');
  const cache = join(base, 'cache');
  mkdirSync(source, { recursive: true });
  mkdirSync(cache);
  return { base, source, cache, inputs, directory: source, fioTime: sizes.fioTime };
}

/** Makes everything that is not to be cached uncached. */
export async function drop(what) {
  // What is not written yet cannot be dropped.
  await run(['sync']);
  writeFileSync('/proc/sys/vm/drop_caches', `${what}\n`);
}

/** Whether caches can be dropped at all. */
export const canDrop = () => process.getuid?.() === 0 && existsSync('/proc/sys/vm/drop_caches');
