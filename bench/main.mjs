import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Command, Option } from 'commander';
import { removeDisks } from './disk.mjs';
import { growthTable, measureGrowth } from './growth.mjs';
import { measureMicro, measurePinned } from './micro.mjs';
import { killAll } from './mounted.mjs';
import { measureProfile, profileTable } from './profile.mjs';
import { build, missing } from './programs.mjs';
import { QUICK_SIZES, SIZES, measureReal } from './real.mjs';
import { endAll } from './run.mjs';
import { ratioTable } from './table.mjs';

/** What can be measured, in the order of the output. */
const GROUPS = {
  micro: {
    async measure(options, say) {
      return [...(await measureMicro(options, say)), ...(await measurePinned(options, say))];
    },
    table: (rows) =>
      [
        ['One operation, in memory', rows.filter(({ group }) => group === 'micro')],
        ['All on one core', rows.filter(({ group }) => group === 'pinned')],
      ]
        .filter(([, part]) => part.length > 0)
        .map(([title, part]) => ratioTable(title, part))
        .join('\n\n'),
  },
  real: {
    measure: measureReal,
    table: (rows) => ratioTable(`A mirrored directory on ${rows[0].disk}`, rows),
  },
  growth: { measure: measureGrowth, table: growthTable },
  profile: { measure: measureProfile, table: profileTable },
};

const command = new Command('bench')
  .description('How fast node-dokan is beside others. Build the package first: npm run build')
  .addOption(
    new Option('--group <name...>', 'what to measure; default: all').choices(Object.keys(GROUPS)),
  )
  .option('--only <pattern>', 'rows whose name matches', (text) => new RegExp(text), /./)
  .option('--rounds <number>', 'interleaved runs of each peer; default 3, quick 1', Number)
  .option('--milliseconds <number>', 'of a micro row in a round; default 200, quick 20', Number)
  .option('--quick', 'small inputs, one round: to see whether it works', false)
  .option(
    '--scratch <directory>',
    'for the image of the disk that is mirrored',
    join(build, 'scratch'),
  )
  .option('--libfuse-examples <directory>', 'sources of libfuse 3.14: passthrough_hp.cc')
  .option('--save', 'keep the results, and put the tables into README.md', false)
  .parse();

const given = command.opts();
const names = given.group ?? Object.keys(GROUPS);
if (given.save && (given.quick || given.only.source !== '.')) {
  command.error('error: only whole tables are saved, without --quick and --only');
}
const options = {
  only: given.only,
  rounds: given.rounds ?? (given.quick ? 1 : 3),
  milliseconds: given.milliseconds ?? (given.quick ? 20 : 200),
  sizes: given.quick ? QUICK_SIZES : SIZES,
  largest: given.quick ? 1e4 : 1e6,
  scratch: resolve(given.scratch),
  libfuseExamples: given.libfuseExamples,
};

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    endAll();
    process.exit(1);
  });
}
process.once('exit', () => {
  killAll();
  removeDisks();
});

const say = (text) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${text}`);
const machine = `${cpus().length} x ${cpus()[0]?.model}, Linux ${release()}, Node ${process.versions.node}`;
const date = new Date().toISOString().slice(0, 10);
const started = performance.now();
let shown = 0;
for (const name of names) {
  const { measure, table } = GROUPS[name];
  const rows = await measure(options, say);
  if (rows.length === 0) continue;
  shown += rows.length;
  const text = `${date}, ${machine}; ${options.rounds} rounds\n\n${table(rows)}`;
  say('');
  console.log(`${text}\n`);
  if (given.save) save(name, text, rows);
}
if (shown === 0) command.error(`error: no row matches ${given.only}; rows are named in results/`);
for (const [what, reason] of missing) console.log(`Not measured: ${what} (${reason})`);
console.log(`It took ${Math.round((performance.now() - started) / 1000)} s.`);

function save(name, text, rows) {
  const directory = join(import.meta.dirname, 'results');
  mkdirSync(directory, { recursive: true });
  const { rounds, milliseconds, sizes } = options;
  const left = Object.fromEntries(missing);
  const record = { date, machine, rounds, milliseconds, sizes, missing: left, rows };
  writeFileSync(
    join(directory, `${date}-${name}.json`),
    `${JSON.stringify(record, undefined, 1)}\n`,
  );
  const readme = join(import.meta.dirname, 'README.md');
  const before = readFileSync(readme, 'utf8');
  const marked = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- end ${name} -->)`);
  writeFileSync(
    readme,
    before.replace(marked, (_, start, end) => `${start}\n${text}\n\n${end}`),
  );
}
