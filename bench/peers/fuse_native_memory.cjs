// The same file system in memory on fuse-native, as its users would write it.
// Usage: node fuse_native_memory.cjs MOUNTPOINT
const Fuse = require('fuse-native');

const DIRECTORY = 0o40755;
const FILE = 0o100644;

let lastInode = 0;
const nodes = new Map([['/', make(DIRECTORY)]]);

function make(mode) {
  const time = new Date();
  return {
    mode,
    size: 0,
    data: Buffer.alloc(0),
    names: mode === DIRECTORY ? new Set() : undefined,
    ino: ++lastInode,
    mtime: time,
    atime: time,
    ctime: time,
    nlink: 1,
    uid: process.getuid(),
    gid: process.getgid(),
  };
}

function parentAndName(path) {
  const at = path.lastIndexOf('/');
  return [nodes.get(path.slice(0, at) || '/'), path.slice(at + 1)];
}

function add(path, mode) {
  const [parent, name] = parentAndName(path);
  if (parent === undefined) return Fuse.ENOENT;
  if (parent.names.has(name)) return Fuse.EEXIST;
  parent.names.add(name);
  nodes.set(path, make(mode));
  return 0;
}

function remove(path) {
  const [parent, name] = parentAndName(path);
  if (!nodes.delete(path)) return Fuse.ENOENT;
  parent.names.delete(name);
  return 0;
}

function resize(node, size) {
  if (size > node.data.length) {
    const data = Buffer.alloc(Math.max(size, 2 * node.data.length));
    node.data.copy(data, 0, 0, node.size);
    node.data = data;
  } else if (size < node.size) {
    node.data.fill(0, size, node.size);
  }
  node.size = size;
}

const withNode = (path, answer, use) => {
  const node = nodes.get(path);
  if (node === undefined) answer(Fuse.ENOENT);
  else use(node);
};

const operations = {
  getattr: (path, answer) => withNode(path, answer, (node) => answer(0, node)),
  readdir: (path, answer) => withNode(path, answer, (node) => answer(0, [...node.names])),
  open: (path, _flags, answer) => withNode(path, answer, (node) => answer(0, node.ino)),
  release: (_path, _file, answer) => answer(0),
  create: (path, _mode, answer) => answer(add(path, FILE), lastInode),
  mkdir: (path, _mode, answer) => answer(add(path, DIRECTORY)),
  unlink: (path, answer) => answer(remove(path)),
  rmdir: (path, answer) => answer(remove(path)),
  // libfuse renames what is deleted while it is open.
  rename: (path, newPath, answer) => {
    const node = nodes.get(path);
    const error = remove(path);
    if (error !== 0) return answer(error);
    if (nodes.has(newPath)) remove(newPath);
    const [parent, name] = parentAndName(newPath);
    parent.names.add(name);
    nodes.set(newPath, node);
    answer(0);
  },
  truncate: (path, size, answer) =>
    withNode(path, answer, (node) => {
      resize(node, size);
      answer(0);
    }),
  read: (path, _file, buffer, length, offset, answer) => {
    const node = nodes.get(path);
    if (node === undefined) return answer(Fuse.ENOENT);
    const end = Math.min(offset + length, node.size);
    answer(end <= offset ? 0 : node.data.copy(buffer, 0, offset, end));
  },
  write: (path, _file, buffer, length, offset, answer) => {
    const node = nodes.get(path);
    if (node === undefined) return answer(Fuse.ENOENT);
    if (offset + length > node.size) resize(node, offset + length);
    answer(buffer.copy(node.data, offset, 0, length));
  },
  utimens: (_path, _atime, _mtime, answer) => answer(0),
  chmod: (_path, _mode, answer) => answer(0),
  chown: (_path, _uid, _gid, answer) => answer(0),
};

// No caching of names and attributes, as with all others in the comparison.
const options = { force: true, attrTimeout: '0', entryTimeout: '0', bigWrites: true };
const fuse = new Fuse(process.argv[2], operations, options);
fuse.mount((error) => {
  if (error) throw error;
  console.log('mounted');
});
process.once('SIGTERM', () => fuse.unmount(() => process.exit(0)));
