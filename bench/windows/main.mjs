// npm run bench:windows: what a request costs in Windows' Node, under Wine.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { buildMeasure } from './build.mjs';
import { rivalsTable, tripsTable } from './table.mjs';

const root = join(import.meta.dirname, '..', '..');
const build = join(root, 'build');
const node = join(build, 'wine', 'node-22.23.3', 'node.exe');
const addon = join(build, 'windows', 'dokan.node');
const probe = join(build, 'probe', 'probe.node');

const command = new Command('bench:windows')
  .description('What a request costs in Windows Node under Wine, beside C++ and bare Node-API')
  .option('--rounds <number>', 'interleaved runs of each rival', Number, 5)
  .option('--trips <number>', 'round trips of each kind in a run', Number, 10_000)
  .option('--json <file>', 'where to keep the results')
  .parse();
const { rounds, trips, json } = command.opts();

for (const file of [node, addon, probe]) {
  if (existsSync(file)) continue;
  command.error(
    `${file} is missing: npm run build && npx vitest run test/windows/native/round_trip.test.ts`,
  );
}

const windowsPath = (path) => `Z:${path.replaceAll('/', '\\')}`;

/** @returns what a program for Windows' Node has written, which is JSON */
async function inWindows(program, ...args) {
  const env = {
    ...process.env,
    WINEPREFIX: join(build, 'wine', 'prefix'),
    WINEDEBUG: '-all',
    WINEDLLOVERRIDES: 'mscoree,mshtml=',
  };
  // Files: Wine gives programs pipes that end early.
  const written = ['stdout', 'stderr'].map((name) => join(scratch, name));
  const streams = written.map((path) => openSync(path, 'w'));
  const child = spawn('wine', [node, windowsPath(program), ...args], {
    stdio: ['ignore', ...streams],
    env,
  });
  const [code] = await once(child, 'exit');
  for (const stream of streams) closeSync(stream);
  const [stdout, stderr] = written.map((path) => readFileSync(path, 'utf8'));
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}

const scratch = mkdtempSync(join(tmpdir(), 'node-dokan-bench-'));
try {
  const measure = buildMeasure();
  const roundTrip = join(root, 'test', 'windows', 'programs', 'round_trip.mjs');
  const tripArguments = [...[addon, probe].map(windowsPath), String(trips)];
  const nanoseconds = await inWindows(roundTrip, ...tripArguments);
  const rows = await inWindows(
    join(import.meta.dirname, 'measure.mjs'),
    ...[addon, measure, join(scratch, 'root')].map(windowsPath),
    String(rounds),
  );
  const wine = execFileSync('wine', ['--version'], { encoding: 'utf8', stdio: 'pipe' });
  const [version] = wine.split('\n');
  const machine = `${cpus().length} x ${cpus()[0]?.model}, Linux ${release()}, ${version}`;
  const date = new Date().toISOString().slice(0, 10);
  const heading = `${date}, ${machine}, Node 22.23.3 for Windows; ${rounds} rounds`;
  console.log(`${heading}\n\n${tripsTable(nanoseconds)}\n\n${rivalsTable(rows)}`);
  if (json !== undefined) {
    mkdirSync(join(json, '..'), { recursive: true });
    const record = { date, machine, rounds, trips, nanoseconds, rows };
    writeFileSync(json, `${JSON.stringify(record, undefined, 1)}\n`);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
