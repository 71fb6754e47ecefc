import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWindowsMemfs, openWindowsMirrorfs } from '../conformance/bridged_targets.js';
import { allFeatures, has, type Features, type Target } from '../conformance/target.js';
import { openMemfs, openMirrorfs, openNative } from '../conformance/targets.js';
import { temporaryDirectory } from '../support/temporary.js';
import { missingTools, run, type RunOptions } from '../support/tools.js';
import { missingWine } from '../support/wine.js';

/** Where a program works. */
export interface Place {
  /** On the file system under test; empty. */
  readonly directory: string;
  /** On the disk under os.tmpdir(); empty. */
  readonly scratch: string;
  /** Whether the file system can do that; the reference is made with the same limits. */
  has(feature: keyof Features): boolean;
  /** Requests take long: less of the same will do. The reference is as much. */
  readonly isSlow: boolean;
  /** A path in `directory`. */
  path(...names: string[]): string;
  /** Makes a directory in `directory`. */
  make(...names: string[]): string;
  /** Runs a program that must succeed, by default in `directory`. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<string>;
}

/** Does the work of one program and gives what must be equal wherever it is done. */
export type Work<T> = (place: Place) => Promise<T>;

type Open = () => Promise<Target>;

const targets: readonly [name: string, open: Open][] = [
  ['mirrorfs', () => openMirrorfs()],
  ['memfs', () => openMemfs('1G')],
];

/** Below Windows' Node, where much is to be waited for: a program is run on the one it says. */
const windowsTargets = { mirrorfs: openWindowsMirrorfs, memfs: openWindowsMemfs } as const;

/** Nothing of whoever runs the tests: their configuration would be part of the result. */
const settings = (home: string): NodeJS.ProcessEnv => ({
  HOME: home,
  XDG_CONFIG_HOME: home,
  XDG_CACHE_HOME: home,
  TZ: 'UTC',
});

type Limits = Pick<Target, 'features' | 'slowness'>;

async function workIn<T>(parent: string, limits: Limits, work: Work<T>): Promise<T> {
  const temporary = temporaryDirectory();
  const directory = mkdtempSync(join(parent, 'place-'));
  const place: Place = {
    directory,
    has: (feature) => {
      if (!LIMITS.includes(feature)) throw new Error(`${feature} is missing among the limits`);
      return has(limits, feature);
    },
    isSlow: (limits.slowness ?? 1) > 1,
    scratch: temporary.directory('scratch'),
    path: (...names) => join(directory, ...names),
    make: (...names) => {
      const made = join(directory, ...names);
      mkdirSync(made, { recursive: true });
      return made;
    },
    run: (program, args, options = {}) =>
      run(program, args, {
        cwd: directory,
        ...options,
        env: { ...settings(temporary.path), ...options.env },
      }),
  };
  try {
    const result = await work(place);
    // Only what has passed is taken away by the file system under test: when removing fails as
    // well, the first failure is the one to show.
    rmSync(directory, { recursive: true, maxRetries: 3 });
    return result;
  } finally {
    temporary.remove();
  }
}

/** One program's work. */
interface Job {
  readonly title: string;
  readonly tools: readonly string[];
  readonly work: Work<unknown>;
  readonly needs: readonly (keyof Features)[];
}

/** The results on the disk, made when they are first asked for: one for each set of limits. */
class References {
  readonly #known = new Map<string, Promise<unknown>>();

  of({ title, work }: Job, target: Limits = NO_LIMITS): Promise<unknown> {
    const lacks = LIMITS.filter((name) => !has(target, name));
    const key = `${title} without ${String(lacks)}, ${String(target.slowness ?? 1)} times slower`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = onNative(work, target);
    this.#known.set(key, made);
    return made;
  }
}

const NO_LIMITS: Limits = { features: allFeatures };

/** What works ask `Place.has` for. */
const LIMITS: readonly (keyof Features)[] = [
  'modes',
  'ownership',
  'symbolicLinks',
  'hardLinks',
  'xattrs',
  'oddNames',
  'rawNames',
  'backslashes',
  'nanoseconds',
  'sparseFiles',
];

/** Programs that are at work: a test for each, on the disk first and then on each file system. */
export class Programs {
  readonly #jobs: Job[] = [];

  /**
   * @param tools - programs it cannot do without
   * @param work - the result on the disk is the one that is right
   * @param needs - what a file system must be able to, for it to be done there
   */
  add<T>(
    title: string,
    tools: readonly string[],
    work: Work<T>,
    needs: readonly (keyof Features)[] = [],
  ): void {
    this.#jobs.push({ title, tools, work, needs });
  }

  /**
   * Declares the tests.
   * @param windows - the file system below Windows' Node that is to be used as well
   * @param only - which of the works are done there
   */
  install(windows?: keyof typeof windowsTargets, only = /./): void {
    const references = new References();
    describe('native', () => {
      for (const job of this.#jobs) {
        test(job.title, { timeout: TIME }, async (context) => {
          skipWithout(missingTools(...job.tools), context);
          expect(await references.of(job)).toBeDefined();
        });
      }
    });
    for (const [name, open] of targets) this.#on(name, open, references, /./);
    if (windows === undefined) return;
    const missing = missingWine();
    const name = `${windows} on Windows`;
    if (missing === undefined) this.#on(name, windowsTargets[windows], references, only);
    else describe.skip(`${name}: ${missing}`, () => test('programs'));
  }

  #on(name: string, open: Open, references: References, only: RegExp): void {
    describe(name, () => {
      let target: Target | undefined;
      beforeAll(async () => {
        target = await open();
      }, TIME);
      afterAll(() => target?.close());
      for (const job of this.#jobs.filter(({ title }) => only.test(title))) {
        test(job.title, { timeout: 2 * TIME }, async (context) => {
          if (target === undefined) throw new Error(`${name} is not mounted`);
          skipWithout(missingTools(...job.tools), context);
          skipWithout(lack(target.features, job.needs), context);
          const expected = await references.of(job, target);
          expect(await workIn(target.directory, target, job.work)).toEqual(expected);
        });
      }
    });
  }
}

/** Milliseconds for one program. */
const TIME = 120_000;

async function onNative<T>(work: Work<T>, limits: Limits): Promise<T> {
  const target = await openNative();
  try {
    return await workIn(target.directory, limits, work);
  } finally {
    await target.close();
  }
}

function lack(features: Features, needs: readonly (keyof Features)[]): string | undefined {
  for (const need of needs) {
    const feature = features[need];
    if (feature !== true) return `no ${need}: ${feature.absent}`;
  }
  return undefined;
}

function skipWithout(reason: string | undefined, context: { skip(reason: string): void }): void {
  if (reason === undefined) return;
  console.info(reason);
  context.skip(reason);
}
