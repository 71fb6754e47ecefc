import { join } from 'node:path';
import { compile, compileExample, compileGo, isInstalled } from './programs.mjs';

/**
 * Who is compared. A peer's `command` makes the arguments of a process from the mount point and, for
 * mirrors, the directory it shows; the process serves until it gets SIGTERM.
 */

const here = import.meta.dirname;
const peerFile = (name) => join(here, 'peers', name);
const node = process.execPath;

/** Where Debian's libfuse3-dev has its examples. */
const DEBIAN_EXAMPLES = '/usr/share/doc/libfuse3-dev/examples';

/** The name our own column has in every table. */
export const OURS = 'node-dokan';
/** The bare disk: nothing is mounted. */
const DISK = 'disk';

/** File systems in memory, ours first. Names and attributes are not cached by the kernel. */
export function memoryPeers() {
  const libfuse = compile('memory_fs', ['fuse3']);
  const go = compileGo('go_memory');
  return [
    { name: OURS, command: (mount) => [node, peerFile('node_dokan_memory.mjs'), mount] },
    isInstalled('fuse-native') && {
      name: 'fuse-native',
      command: (mount) => [node, peerFile('fuse_native_memory.cjs'), mount],
    },
    libfuse && { name: 'libfuse', command: (mount) => [libfuse, '-f', mount] },
    libfuse && { name: 'libfuse -s', command: (mount) => [libfuse, '-f', '-s', mount] },
    go && { name: 'go-fuse', command: (mount) => [go, mount] },
  ].filter(Boolean);
}

/** Ours by two threads: for what several clients ask of the one file there is. */
export const threadedPeer = () => ({
  name: 'threads: 2',
  takes: ({ operation, threads }) => threads > 1 && ['lookup', 'stat', 'open'].includes(operation),
  isPrepared: true,
  command: (mount) => [node, peerFile('node_dokan_threads.mjs'), '2', mount],
});

/** Ours with any number of files, which tells what memory it takes. */
export const numberedPeer = () => ({
  name: OURS,
  hasChannel: true,
  command: (mount) => [node, '--expose-gc', peerFile('node_dokan_numbered.mjs'), mount],
});

/** Ours with clocks inside. */
export const profiledPeer = () => ({
  name: OURS,
  hasChannel: true,
  command: (mount) => [node, peerFile('node_dokan_profiled.mjs'), mount],
});

/** Binds a command to one core. */
export const pinned = (peer) => ({
  ...peer,
  command: (...places) => ['taskset', '-c', '0', ...peer.command(...places)],
});

/**
 * Mirrors of a directory, ours first and the bare disk last. Names and attributes are trusted for one
 * second by all of them.
 * @param examples - directory with the sources of libfuse's examples; undefined: Debian's alone
 */
export function mirrorPeers(examples) {
  const directories = [examples, DEBIAN_EXAMPLES].filter(Boolean);
  const hp = compileExample('passthrough_hp.cc', directories, withOneSecond);
  const ll = compileExample('passthrough_ll.c', directories);
  const go = compileGo('go_loopback');
  const mirrorfs = join(here, '..', 'dist', 'examples', 'mirrorfs', 'main.js');
  const ours = (mount, source) => [node, mirrorfs, '--root', source, '--mount', mount];
  return [
    { name: OURS, command: ours },
    {
      name: 'unprivileged',
      command: (mount, source) => [node, peerFile('node_dokan_mirror.mjs'), source, mount],
    },
    {
      name: 'no passthrough',
      command: (...places) => [...ours(...places), '--no-passthrough'],
    },
    isInstalled('fuse-native') && {
      name: 'fuse-native',
      command: (mount, source) => [node, peerFile('fuse_native_mirror.cjs'), source, mount],
    },
    hp && {
      name: 'passthrough_hp',
      command: (mount, source) => [hp, '--foreground', source, mount],
    },
    ll && {
      name: 'passthrough_ll',
      command: (mount, source) => [ll, '-f', '-o', `source=${source},timeout=1`, mount],
    },
    go && { name: 'go-fuse', command: (mount, source) => [go, source, mount] },
    { name: DISK, isDisk: true },
  ].filter(Boolean);
}

/** It has no option for its timeout, a day; 0 would turn its other caches off as well. */
function withOneSecond(source) {
  const changed = source.replace(/\b86400(?:\.0)?\b/, '1.0');
  if (changed === source) throw new Error('passthrough_hp.cc has its timeout in another place');
  return changed;
}
