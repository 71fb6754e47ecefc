import { Disk } from './disk.mjs';
import { Mounted } from './mounted.mjs';
import { makeInputs } from './inputs.mjs';
import { mirrorPeers } from './peers.mjs';
import { Results } from './results.mjs';
import { run } from './run.mjs';
import { canDrop, drop, makePlace, scenarios } from './scenarios.mjs';

/** What people do, on mirrors of a directory, beside the disk itself. */

/** Of the inputs: numbers of files and packages, bytes of what fio reads, milliseconds it runs. */
export const SIZES = {
  files: 5_000,
  packages: 24,
  bytes: 256 << 20,
  megabytes: 512,
  fioTime: 1_000,
};

/** Enough to see that it works. */
export const QUICK_SIZES = {
  files: 300,
  packages: 3,
  bytes: 16 << 20,
  megabytes: 16,
  fioTime: 200,
};

/**
 * @param options - rounds; `only`, a pattern for rows; `scratch`, a directory on the disk to mirror;
 *   `libfuseExamples`; `sizes`, one of the above
 * @param say - is told what is being done
 */
export async function measureReal(options, say) {
  const wanted = scenarios(options.sizes).flatMap((scenario) => {
    const last = scenario.rows.findLastIndex(({ row }) => options.only.test(row));
    return last < 0 ? [] : [{ ...scenario, rows: scenario.rows.slice(0, last + 1) }];
  });
  if (wanted.length === 0) return [];
  const disk = await Disk.make(options.scratch);
  try {
    return await measureOn(disk, wanted, options, say);
  } finally {
    disk.remove();
  }
}

async function measureOn(disk, wanted, { rounds, only, libfuseExamples, sizes }, say) {
  const inputs = await makeInputs(disk.directory, sizes);
  const peers = mirrorPeers(libfuseExamples);
  const results = new Results('real', peers);
  for (const { row, title, show } of wanted.flatMap(({ rows }) => rows)) {
    if (only.test(row)) results.add({ row, title, show, disk: disk.description });
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const scenario of wanted) {
      // Nobody is always the first after somebody else.
      for (let i = 0; i < peers.length; i += 1) {
        const peer = peers[(i + round) % peers.length];
        say(`real, round ${round + 1}: ${scenario.name}, ${peer.name}`);
        const place = makePlace(disk.directory, inputs, sizes);
        await runScenario(scenario, peer, place, results);
      }
    }
  }
  return results.rows;
}

/** The mirrored directory, its mirror's start, and the rows one after another. */
async function runScenario(scenario, peer, place, results) {
  const left = [...scenario.rows];
  let mounted;
  try {
    await scenario.setUp?.(place);
    // What was removed before, and is set up now, is not to be written while others are measured.
    await run(['sync']);
    mounted = await Mounted.start(peer, place.source);
    const there = { ...place, directory: mounted.directory };
    for (; left.length > 0; left.shift()) {
      const [row] = left;
      if (row.drop !== undefined) {
        if (!canDrop()) {
          results.fail(row.row, peer.name, new Error('only root can drop caches'));
          continue;
        }
        await drop(row.drop);
      }
      const before = mounted.processorTime;
      const seconds = await row.measure(there);
      results.note(row.row, peer.name, { value: seconds, cpu: mounted.processorTime - before });
    }
  } catch (error) {
    // What comes after it has nothing to begin with.
    for (const { row } of left) results.fail(row, peer.name, error);
  } finally {
    await mounted?.stop();
  }
}
