import { join } from 'node:path';
import fc from 'fast-check';
import type { Scene, Suite } from '../conformance/suite.js';
import { absent, type Feature } from '../conformance/target.js';
import { eventually } from '../support/eventually.js';
import { Posix } from '../support/posix.js';
import { calls } from './commands.js';
import { Live, ModelState, type Differences } from './live.js';
import { verifyTree } from './verify.js';

const RUNS = Number(process.env['NODE_DOKAN_FUZZ_RUNS'] ?? 60);
const SEED = process.env['NODE_DOKAN_FUZZ_SEED'];
const CALLS_AT_MOST = 60;
/** A call that takes longer hangs; it must not hold up the shrinking of its sequence for long. */
const CALL_DEADLINE = 15_000;
/** Milliseconds for a run and for what shrinking adds; reached only when calls hang. */
const PER_RUN = 2_000;
const FOR_SHRINKING = 120_000;

/** What every sequence starts with, so that the first calls have something to work on. */
const FIRST_DIRECTORIES = [['a'], ['a', 'b'], ['b']];
const FIRST_FILES = [['c'], ['a', 'c'], ['a', 'b', 'né語']];

export interface ModelOptions {
  /** Where a directory of the target shows on the real disk too. */
  readonly backing?: (directory: string) => string;
  readonly unlinkedAttributes?: Feature;
}

/** Of every volume of ours: see `Differences`. */
export const noUnlinkedAttributes: Feature = absent(
  'a stream is opened by the path of its file, and an unlinked file has none',
);

/** Adds the property: no sequence of calls tells the file system and the model apart. */
export function addModelTest(suite: Suite, options: ModelOptions = {}): void {
  const limit = RUNS * PER_RUN + FOR_SHRINKING;
  suite.test(
    `${String(RUNS)} random sequences of calls, each answered as the model answers it`,
    [],
    (scene) => checkSequences(scene, limit, options),
    // Shrinking is interrupted before, so that what it has found is printed.
    limit + 60_000,
  );
}

async function checkSequences(scene: Scene, limit: number, options: ModelOptions): Promise<void> {
  const { backing, unlinkedAttributes = true } = options;
  if (unlinkedAttributes !== true) {
    console.info(`attributes of unlinked files are not compared: ${unlinkedAttributes.absent}`);
  }
  const directoryLinks = await countsDirectoryLinks(scene);
  const differences: Differences = { directoryLinks, unlinkedAttributes };
  let helper = scene.helper({ deadline: CALL_DEADLINE });
  let number = 0;
  const property = fc.asyncProperty(
    fc.commands([calls], { maxCommands: CALLS_AT_MOST, size: 'max' }),
    async (commands) => {
      // A helper that hung in a call was killed.
      if (helper.ended !== undefined) helper = scene.helper({ deadline: CALL_DEADLINE });
      number += 1;
      const name = `run-${String(number)}`;
      const root = scene.path(name);
      const onDisk = backing && join(backing(scene.directory), name);
      await runSequence(helper, { root, onDisk, differences }, commands);
    },
  );
  await fc.assert(property, {
    numRuns: RUNS,
    interruptAfterTimeLimit: limit,
    // Else most sequences are short.
    unbiased: true,
    ...(SEED === undefined ? {} : { seed: Number(SEED) }),
  });
}

/** Whether the links of a directory count its subdirectories: a file system may also always say 1. */
async function countsDirectoryLinks({ posix, path }: Scene): Promise<boolean> {
  await posix.mkdir(path('probe'));
  const { nlink } = await posix.stat(path('probe'));
  await posix.rmdir(path('probe'));
  return nlink !== 1;
}

interface Sequence {
  /** The directory the calls work in. */
  readonly root: string;
  /** The same directory on the real disk, where it is to look the same once all is closed. */
  readonly onDisk: string | undefined;
  readonly differences: Differences;
}

async function runSequence(
  posix: Posix,
  { root, onDisk, differences }: Sequence,
  commands: Iterable<fc.AsyncCommand<ModelState, Live>>,
): Promise<void> {
  await posix.mkdir(root, 0o755);
  try {
    const state = new ModelState(differences);
    const live = new Live(posix, root, state);
    await populate(live);
    await fc.asyncModelRun(() => ({ model: state, real: live }), commands);
    await posix.reset();
    state.opens.clear();
    await verifyTree(live);
    if (onDisk !== undefined) await verifyBacking(live, onDisk);
  } finally {
    // A helper that died has closed its files; the next one takes the directory away.
    const sweeper = posix.ended === undefined ? posix : new Posix({ deadline: CALL_DEADLINE });
    await sweeper.reset();
    await sweeper.removeTree(root);
    if (sweeper !== posix) await sweeper.close();
  }
}

async function populate(live: Live): Promise<void> {
  const { posix } = live;
  const { model } = live.state;
  for (const names of FIRST_DIRECTORIES) {
    model.mkdir(names, 0o755);
    await posix.mkdir(live.path(names), 0o755);
  }
  for (const names of FIRST_FILES) {
    const content = Buffer.from(names.join('/'));
    model.write(model.open(names, { access: 'WRONLY', create: true }, 0o644), content);
    await posix.writeFile(live.path(names), content, 0o644);
  }
}

/** What was written through the mount must be on the disk below it as well. */
async function verifyBacking(live: Live, backing: string): Promise<void> {
  const { posix } = live;
  const descriptor = await posix.open(live.root, 'RDONLY|DIRECTORY');
  await posix.syncfs(descriptor);
  await posix.closeFd(descriptor);
  // The kernel tells a FUSE file system of the last close when the program has long gone on.
  let last: unknown;
  await eventually(
    'the backing directory to be as the model',
    async () => {
      try {
        await verifyTree(live.at(backing));
        return true;
      } catch (error) {
        last = error;
        return false;
      }
    },
    2_000,
  ).catch(() => {
    throw last;
  });
}
