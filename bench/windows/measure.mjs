// Runs in Windows' Node: measure.mjs ADDON MEASURE DIRECTORY ROUNDS. The rivals take turns; prints
// what each took in each round, as JSON.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ROWS } from './rows.mjs';

const [addonPath, measurePath, directory, rounds] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const load = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { useWindowsAddon } = await load('hosts/dokan/addon.js');
useWindowsAddon(require(addonPath));
const { measure } = require(measurePath);
const { mount } = await load('index.js');
const { WindowsMirror } = await load('examples/mirrorfs/windows_mirror.js');

const FILE_BYTES = 1 << 20;
mkdirSync(directory);
writeFileSync(join(directory, 'file'), Buffer.alloc(FILE_BYTES, 'x'));
for (let file = 1; file < 1_000; file += 1) writeFileSync(join(directory, `file ${file}`), '');

/** Work with a volume mounted by the DLL that measures. */
async function withVolume(operations, options, work) {
  const volume = await mount('M:', operations, { libraryPath: measurePath, ...options });
  try {
    await work();
  } finally {
    await volume.unmount({ force: true });
  }
}

async function mirrorfs(options, work) {
  const mirror = new WindowsMirror(directory, options);
  try {
    await withVolume(mirror, {}, work);
  } finally {
    mirror.dispose();
  }
}

const RIVALS = {
  'node-dokan': (work) => mirrorfs({}, () => work('')),
  'without backingFd': (work) => mirrorfs({ passthrough: false }, () => work('')),
  'C++': (work) => work(directory),
};

/** A file in memory, for reads that are answered from what was read ahead. */
function memory() {
  const file = { size: FILE_BYTES };
  return {
    createFile: () => undefined,
    readFile: (_path, buffer, offset) => buffer.fill(1).length * Number(offset < file.size),
    getFileInformation: () => file,
    getDiskFreeSpace: () => ({ freeBytesAvailable: 1, totalBytes: 1, totalFreeBytes: 1 }),
  };
}

const AHEAD = { row: 'read', bytes: 4096, count: 4_000, threads: 1 };
const results = ROWS.map(({ title, threads }) => ({ title, threads, rivals: {} }));
const ahead = { title: 'read 4 KiB in memory', threads: 1, rivals: {} };

async function run(place, rival, { row, count, bytes, threads }, root) {
  const nanoseconds = await measure(row, count, bytes, threads, root);
  if (nanoseconds < 0) throw new Error(`${rival}: ${row} of ${bytes} bytes has failed`);
  (place.rivals[rival] ??= []).push(nanoseconds);
}

// The first round warms up.
for (let round = 0; round <= Number(rounds); round += 1) {
  for (const [rival, use] of Object.entries(RIVALS)) {
    await use(async (root) => {
      for (const [index, row] of ROWS.entries()) await run(results[index], rival, row, root);
    });
  }
  for (const [rival, readAhead] of Object.entries({ 'node-dokan': 65_536, 'readAhead: 0': 0 })) {
    await withVolume(memory(), { readAhead }, () => run(ahead, rival, AHEAD, ''));
  }
  if (round === 0) for (const { rivals } of [...results, ahead]) forget(rivals);
}
process.stdout.write(JSON.stringify([...results, ahead]));

function forget(rivals) {
  for (const name of Object.keys(rivals)) delete rivals[name];
}
