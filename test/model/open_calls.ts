import fc from 'fast-check';
import { FALLOC_KEEP_SIZE, FALLOC_PUNCH_HOLE } from '../support/posix.js';
import * as choose from './choices.js';
import { octal, shown } from './choices.js';
import type { Live, ModelState } from './live.js';
import { isNamed, sizeOf, type OpenFile, type OpenHow } from './nodes.js';
import { StepCommand, statMistake, type Call, type Step } from './step.js';

/** Calls that open, and calls on what is open. */

const OPEN_AT_MOST = 6;

const often = fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false));
const seldom = fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true));

const opening: fc.Arbitrary<OpenHow> = fc.record({
  access: fc.constantFrom('RDONLY', 'WRONLY', 'RDWR', 'RDWR'),
  create: often,
  exclusive: seldom,
  truncate: seldom,
  append: seldom,
  noFollow: seldom,
  directory: seldom,
});

function flagsOf(how: OpenHow): string {
  const flags: string[] = [how.access];
  if (how.create === true) flags.push('CREAT');
  if (how.exclusive === true) flags.push('EXCL');
  if (how.directory === true) flags.push('DIRECTORY');
  if (how.truncate === true) flags.push('TRUNC');
  if (how.append === true) flags.push('APPEND');
  if (how.noFollow === true) flags.push('NOFOLLOW');
  return flags.join('|');
}

function freeSlot({ opens }: ModelState): number | undefined {
  const all = Array.from({ length: OPEN_AT_MOST }, (_, slot) => slot);
  return all.find((slot) => !opens.has(slot));
}

const openStep = (
  slot: number,
  path: readonly string[],
  how: OpenHow,
  mode: number,
): Step<void> => {
  const flags = flagsOf(how);
  return {
    text: `#${String(slot)} = open(${shown(path)}, ${flags}, ${octal(mode)})`,
    predict: ({ model, opens }) => {
      opens.set(slot, model.open(path, how, mode));
    },
    perform: async (live) => {
      live.descriptors.set(slot, await live.posix.open(live.path(path), flags, mode));
    },
  };
};

export const open: fc.Arbitrary<Call> = fc
  .tuple(fc.oneof(choose.newPaths, choose.filePaths), opening, choose.fileModes)
  .map(([choice, { create, exclusive, directory, ...rest }, mode]) => {
    // Without O_CREAT, O_EXCL says nothing; with it, O_DIRECTORY is refused since Linux 6.4 only.
    const how: OpenHow =
      create === true
        ? { ...rest, create, exclusive: exclusive === true }
        : { ...rest, directory: directory === true };
    return new StepCommand((state) => {
      const slot = freeSlot(state);
      return slot === undefined ? undefined : openStep(slot, choice(state), how, mode);
    });
  });

/** Opens a directory: seldom hit by chance, and it may be removed while it is open. */
export const openDirectory: fc.Arbitrary<Call> = choose.directoryPaths.map(
  (choice) =>
    new StepCommand((state) => {
      const slot = freeSlot(state);
      if (slot === undefined) return undefined;
      return openStep(slot, choice(state), { access: 'RDONLY', directory: true }, 0);
    }),
);

/** The parts of a call on an open file. */
interface OnOpen<A, T> {
  text(argument: A): string;
  predict(state: ModelState, open: OpenFile, argument: A): T;
  perform(live: Live, descriptor: number, argument: A, open: OpenFile): Promise<unknown>;
  mistake?: Step<T>['mistake'];
  suits?(state: ModelState, open: OpenFile, argument: A): boolean;
}

const onOpen = <A, T>(argument: fc.Arbitrary<A>, parts: OnOpen<A, T>): fc.Arbitrary<Call> =>
  fc.tuple(choose.openFiles, argument).map(
    ([choice, value]) =>
      new StepCommand<T>((state) => {
        const slot = choice(state);
        const file = slot === undefined ? undefined : state.opens.get(slot);
        if (slot === undefined || file === undefined) return undefined;
        if (parts.suits?.(state, file, value) === false) return undefined;
        return {
          text: parts.text(value).replace('FD', `#${String(slot)}`),
          predict: () => parts.predict(state, file, value),
          perform: (live) => parts.perform(live, live.descriptor(slot), value, file),
          ...(parts.mistake === undefined ? {} : { mistake: parts.mistake }),
        };
      }),
  );

const nothing = fc.constant(undefined);
const isFile = (_: ModelState, { node }: OpenFile): boolean => node.kind === 'file';

export const close: fc.Arbitrary<Call> = choose.openFiles.map(
  (choice) =>
    new StepCommand((state) => {
      const slot = choice(state);
      if (slot === undefined) return undefined;
      return {
        text: `close(#${String(slot)})`,
        predict: ({ opens }) => opens.delete(slot),
        perform: async (live) => {
          const descriptor = live.descriptor(slot);
          live.descriptors.delete(slot);
          await live.posix.closeFd(descriptor);
          return true;
        },
      };
    }),
);

export const dup: fc.Arbitrary<Call> = choose.openFiles.map(
  (choice) =>
    new StepCommand((state) => {
      const slot = choice(state);
      const copy = freeSlot(state);
      const file = slot === undefined ? undefined : state.opens.get(slot);
      if (slot === undefined || file === undefined || copy === undefined) return undefined;
      return {
        text: `#${String(copy)} = dup(#${String(slot)})`,
        predict: ({ opens }) => {
          opens.set(copy, file);
        },
        perform: async (live) => {
          live.descriptors.set(copy, await live.posix.dup(live.descriptor(slot)));
        },
      };
    }),
);

export const read = onOpen(choose.lengths, {
  text: (length) => `read(FD, ${String(length)})`,
  predict: ({ model }, file, length) => model.read(file, length),
  perform: ({ posix }, fd, length) => posix.read(fd, length),
});

export const pread = onOpen(fc.tuple(choose.lengths, choose.offsets), {
  text: ([length, offset]) => `pread(FD, ${String(length)}, at ${String(offset)})`,
  predict: ({ model }, file, [length, offset]) => model.pread(file, length, offset),
  perform: ({ posix }, fd, [length, offset]) => posix.pread(fd, length, offset),
});

export const write = onOpen(choose.data, {
  text: ({ length }) => `write(FD, ${String(length)} bytes)`,
  predict: ({ model }, file, data) => model.write(file, choose.bytesOf(data)),
  perform: ({ posix }, fd, data) => posix.write(fd, choose.bytesOf(data)),
});

export const pwrite = onOpen(fc.tuple(choose.data, choose.offsets), {
  text: ([{ length }, offset]) => `pwrite(FD, ${String(length)} bytes, at ${String(offset)})`,
  predict: ({ model }, file, [data, offset]) => model.pwrite(file, choose.bytesOf(data), offset),
  perform: ({ posix }, fd, [data, offset]) => posix.pwrite(fd, choose.bytesOf(data), offset),
});

export const seek = onOpen(
  fc.tuple(choose.offsets, fc.constantFrom('SET' as const, 'END' as const)),
  {
    text: ([offset, whence]) => `lseek(FD, ${String(offset)}, ${whence})`,
    predict: ({ model }, file, [offset, whence]) => model.seek(file, offset, whence),
    perform: ({ posix }, fd, [offset, whence]) => posix.lseek(fd, offset, whence),
    // Positions in directories are the file system's own.
    suits: isFile,
  },
);

export const ftruncate = onOpen(choose.offsets, {
  text: (length) => `ftruncate(FD, ${String(length)})`,
  predict: ({ model }, file, length) => {
    model.ftruncate(file, length);
  },
  perform: ({ posix }, fd, length) => posix.ftruncate(fd, length),
});

export const fsync = onOpen(nothing, {
  text: () => 'fsync(FD)',
  predict: () => undefined,
  perform: ({ posix }, fd) => posix.fsync(fd),
});

export const fstat = onOpen(nothing, {
  text: () => 'fstat(FD)',
  predict: ({ model }, file) => model.fstat(file),
  perform: ({ posix }, fd) => posix.fstat(fd),
  mistake: statMistake,
});

export const fchmod = onOpen(choose.newModes, {
  text: (mode) => `fchmod(FD, ${octal(mode)})`,
  predict: ({ model }, file, mode) => {
    model.fchmod(file, mode);
  },
  perform: ({ posix }, fd, mode) => posix.fchmod(fd, mode),
});

export const futimens = onOpen(fc.tuple(choose.times, choose.times), {
  text: ([atime, mtime]) => `futimens(FD, ${String(atime)}, ${String(mtime)})`,
  predict: ({ model }, file, [atime, mtime]) => {
    model.futimens(file, atime, mtime);
  },
  perform: ({ posix }, fd, [atime, mtime]) => posix.futimens(fd, atime, mtime),
});

const hasAttributes = ({ differences }: ModelState, { node }: OpenFile): boolean =>
  differences.unlinkedAttributes === true || isNamed(node);

export const fsetxattr = onOpen(fc.tuple(choose.attributeNames, choose.attributeValues), {
  text: ([name, value]) => `fsetxattr(FD, ${name}, ${String(value.length)} bytes)`,
  predict: ({ model }, file, [name, value]) => {
    model.fsetxattr(file, name, value);
  },
  perform: ({ posix }, fd, [name, value]) => posix.fsetxattr(fd, name, value),
  suits: hasAttributes,
});

export const fgetxattr = onOpen(choose.attributeNames, {
  text: (name) => `fgetxattr(FD, ${name})`,
  predict: ({ model }, file, name) => model.fgetxattr(file, name),
  perform: ({ posix }, fd, name) => posix.fgetxattr(fd, name),
  suits: hasAttributes,
});

export const allocate = onOpen(fc.tuple(choose.offsets, choose.lengths, fc.boolean()), {
  text: ([offset, length, punch]) =>
    `fallocate(FD, ${punch ? 'PUNCH_HOLE' : '0'}, ${String(offset)}, ${String(length)})`,
  predict: ({ model }, file, [offset, length, punch]) => {
    if (punch) model.punchHole(file, offset, length);
    else model.allocate(file, offset, length);
  },
  perform: ({ posix }, fd, [offset, length, punch]) =>
    posix.fallocate(fd, punch ? FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE : 0, offset, length),
  suits: isFile,
});

export const mapWrite = onOpen(choose.data, {
  text: ({ length }) => `write the last ${String(length)} bytes of FD through a map`,
  // At the end: the last page of the map is the one that reaches beyond the file.
  predict: ({ model }, file, data) => {
    model.mapWrite(file, (sizeOf(file.node) ?? 0) - data.length, choose.bytesOf(data));
  },
  perform: async ({ posix }, fd, data, file) => {
    const size = sizeOf(file.node) ?? 0;
    const map = await posix.map(fd, size);
    await posix.mapWrite(map, size - data.length, choose.bytesOf(data));
    await posix.unmap(map);
  },
  suits: (_, file, { length }) =>
    file.readable && file.writable && (sizeOf(file.node) ?? 0) >= length,
});
