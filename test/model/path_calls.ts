import fc from 'fast-check';
import { RENAME_EXCHANGE, RENAME_NOREPLACE } from '../support/posix.js';
import * as choose from './choices.js';
import { octal, shown, type PathChoice } from './choices.js';
import type { Live } from './live.js';
import type { Model } from './model.js';
import type { Names } from './nodes.js';
import { listingMistake, StepCommand, statMistake, type Call, type Step } from './step.js';

/** Calls on paths. */

interface OnPath<A, T> {
  text(path: string, argument: A): string;
  predict(model: Model, path: Names, argument: A): T;
  perform(posix: Live['posix'], path: string, argument: A): Promise<unknown>;
  mistake?: Step<T>['mistake'];
}

const onPath = <A, T>(
  choices: fc.Arbitrary<PathChoice>,
  argument: fc.Arbitrary<A>,
  parts: OnPath<A, T>,
): fc.Arbitrary<Call> =>
  fc.tuple(choices, argument).map(
    ([choice, value]) =>
      new StepCommand<T>((state) => {
        const path = choice(state);
        return {
          text: parts.text(shown(path), value),
          predict: ({ model }) => parts.predict(model, path, value),
          perform: (live) => parts.perform(live.posix, live.path(path), value),
          ...(parts.mistake === undefined ? {} : { mistake: parts.mistake }),
        };
      }),
  );

const nothing = fc.constant(undefined);

export const mkdir = onPath(choose.newPaths, choose.directoryModes, {
  text: (path, mode) => `mkdir(${path}, ${octal(mode)})`,
  predict: (model, path, mode) => {
    model.mkdir(path, mode);
  },
  perform: (posix, path, mode) => posix.mkdir(path, mode),
});

export const rmdir = onPath(choose.directoryPaths, nothing, {
  text: (path) => `rmdir(${path})`,
  predict: (model, path) => {
    model.rmdir(path);
  },
  perform: (posix, path) => posix.rmdir(path),
});

export const unlink = onPath(choose.filePaths, nothing, {
  text: (path) => `unlink(${path})`,
  predict: (model, path) => {
    model.unlink(path);
  },
  perform: (posix, path) => posix.unlink(path),
});

/** A call on two paths. */
const onTwo = <A>(
  choices: fc.Arbitrary<PathChoice>,
  argument: fc.Arbitrary<A>,
  parts: {
    text(path: string, other: string, argument: A): string;
    predict(model: Model, path: Names, other: Names, argument: A): void;
    perform(posix: Live['posix'], path: string, other: string, argument: A): Promise<unknown>;
  },
): fc.Arbitrary<Call> =>
  fc.tuple(choices, fc.oneof(choose.newPaths, choose.oldPaths), argument).map(
    ([choice, otherChoice, value]) =>
      new StepCommand((state) => {
        const path = choice(state);
        const other = otherChoice(state);
        return {
          text: parts.text(shown(path), shown(other), value),
          predict: ({ model }) => {
            parts.predict(model, path, other, value);
          },
          perform: (live) => parts.perform(live.posix, live.path(path), live.path(other), value),
        };
      }),
  );

const renaming = fc.constantFrom('replace', 'replace', 'replace', 'noreplace', 'exchange');

export const rename = onTwo(choose.oldPaths, renaming, {
  text: (path, newPath, how) => `rename(${path}, ${newPath}, ${how})`,
  predict: (model, path, newPath, how) => {
    model.rename(path, newPath, how);
  },
  perform: (posix, path, newPath, how) => {
    if (how === 'replace') return posix.rename(path, newPath);
    const flags = how === 'exchange' ? RENAME_EXCHANGE : RENAME_NOREPLACE;
    return posix.renameat2(path, newPath, flags);
  },
});

export const link = onTwo(choose.filePaths, nothing, {
  text: (path, newPath) => `link(${path}, ${newPath})`,
  predict: (model, path, newPath) => {
    model.link(path, newPath);
  },
  perform: (posix, path, newPath) => posix.link(path, newPath),
});

export const symlink = onPath(choose.newPaths, choose.linkTargets, {
  text: (path, target) => `symlink(${target}, ${path})`,
  predict: (model, path, target) => {
    model.symlink(target, path);
  },
  perform: (posix, path, target) => posix.symlink(target, path),
});

export const readlink = onPath(choose.linkPaths, nothing, {
  text: (path) => `readlink(${path})`,
  predict: (model, path) => model.readlink(path),
  perform: (posix, path) => posix.readlink(path),
});

export const list = onPath(choose.directoryPaths, nothing, {
  text: (path) => `readdir(${path})`,
  predict: (model, path) => model.list(path),
  perform: (posix, path) => posix.scandir(path),
  mistake: listingMistake,
});

export const stat = onPath(choose.oldPaths, fc.boolean(), {
  text: (path, follow) => `${follow ? 'stat' : 'lstat'}(${path})`,
  predict: (model, path, follow) => model.stat(path, follow),
  perform: (posix, path, follow) => (follow ? posix.stat(path) : posix.lstat(path)),
  mistake: statMistake,
});

export const truncate = onPath(choose.filePaths, choose.offsets, {
  text: (path, length) => `truncate(${path}, ${String(length)})`,
  predict: (model, path, length) => {
    model.truncate(path, length);
  },
  perform: (posix, path, length) => posix.truncate(path, length),
});

export const chmod = onPath(choose.oldPaths, choose.newModes, {
  text: (path, mode) => `chmod(${path}, ${octal(mode)})`,
  predict: (model, path, mode) => {
    model.chmod(path, mode);
  },
  perform: (posix, path, mode) => posix.chmod(path, mode),
});

export const utimens = onPath(choose.oldPaths, fc.tuple(choose.times, choose.times, fc.boolean()), {
  text: (path, [atime, mtime, follow]) =>
    `${follow ? 'utimens' : 'lutimens'}(${path}, ${String(atime)}, ${String(mtime)})`,
  predict: (model, path, [atime, mtime, follow]) => {
    model.utimens(path, atime, mtime, follow);
  },
  perform: (posix, path, [atime, mtime, follow]) => posix.utimens(path, atime, mtime, follow),
});

const settings = fc.record({
  name: choose.attributeNames,
  value: choose.attributeValues,
  flags: fc.constantFrom('' as const, '' as const, 'CREATE' as const, 'REPLACE' as const),
  follow: fc.boolean(),
});

const l = (follow: boolean): string => (follow ? '' : 'l');

export const setxattr = onPath(choose.oldPaths, settings, {
  text: (path, { name, value, flags, follow }) =>
    `${l(follow)}setxattr(${path}, ${name}, ${String(value.length)} bytes, ${flags || '0'})`,
  predict: (model, path, { name, value, flags, follow }) => {
    model.setxattr(path, name, value, flags, follow);
  },
  perform: (posix, path, { name, value, flags, follow }) =>
    posix.setxattr(path, name, value, flags, follow),
});

const attributes = fc.record({ name: choose.attributeNames, follow: fc.boolean() });

export const getxattr = onPath(choose.attributePaths, attributes, {
  text: (path, { name, follow }) => `${l(follow)}getxattr(${path}, ${name})`,
  predict: (model, path, { name, follow }) => model.getxattr(path, name, follow),
  perform: (posix, path, { name, follow }) => posix.getxattr(path, name, follow),
});

export const listxattr = onPath(choose.attributePaths, fc.boolean(), {
  text: (path, follow) => `${l(follow)}listxattr(${path})`,
  predict: (model, path, follow) => model.listxattr(path, follow),
  perform: (posix, path, follow) => posix.listxattr(path, follow),
});

export const removexattr = onPath(choose.attributePaths, attributes, {
  text: (path, { name, follow }) => `${l(follow)}removexattr(${path}, ${name})`,
  predict: (model, path, { name, follow }) => {
    model.removexattr(path, name, follow);
  },
  perform: (posix, path, { name, follow }) => posix.removexattr(path, name, follow),
});
