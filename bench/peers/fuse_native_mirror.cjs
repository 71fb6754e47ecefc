// A mirror of a directory on fuse-native, with node:fs's synchronous calls: its fastest way.
// Usage: node fuse_native_mirror.cjs DIRECTORY MOUNTPOINT
const fs = require('node:fs');
const Fuse = require('fuse-native');

const [root, mountPoint] = process.argv.slice(2);

/** Answers with what `call` returns, or with the errno it throws. */
function attempt(answer, call) {
  let result;
  try {
    result = call();
  } catch (error) {
    // Node has errno as libuv has it, which on Linux is negative as well.
    return answer(error.errno ?? Fuse.EIO);
  }
  return answer(0, result);
}

/** The number of bytes is the first argument of the answer. */
function transfer(answer, call) {
  let count;
  try {
    count = call();
  } catch (error) {
    return answer(error.errno ?? Fuse.EIO);
  }
  return answer(count);
}

const operations = {
  getattr: (path, answer) => attempt(answer, () => fs.lstatSync(root + path)),
  fgetattr: (_path, file, answer) => attempt(answer, () => fs.fstatSync(file)),
  readdir: (path, answer) => attempt(answer, () => fs.readdirSync(root + path)),
  statfs: (_path, answer) =>
    attempt(answer, () => {
      const { bsize, blocks, bfree, bavail, files, ffree } = fs.statfsSync(root);
      return {
        bsize,
        frsize: bsize,
        blocks,
        bfree,
        bavail,
        files,
        ffree,
        favail: ffree,
        namemax: 255,
      };
    }),
  // What is read directly would have to be aligned, and node:fs's buffers are not.
  open: (path, flags, answer) =>
    attempt(answer, () => fs.openSync(root + path, flags & ~fs.constants.O_DIRECT)),
  create: (path, mode, answer) =>
    attempt(answer, () =>
      fs.openSync(root + path, fs.constants.O_CREAT | fs.constants.O_RDWR, mode),
    ),
  release: (_path, file, answer) => attempt(answer, () => fs.closeSync(file)),
  read: (_path, file, buffer, length, offset, answer) =>
    transfer(answer, () => fs.readSync(file, buffer, 0, length, offset)),
  write: (_path, file, buffer, length, offset, answer) =>
    transfer(answer, () => fs.writeSync(file, buffer, 0, length, offset)),
  fsync: (_path, dataOnly, file, answer) =>
    attempt(answer, () => (dataOnly ? fs.fdatasyncSync(file) : fs.fsyncSync(file))),
  truncate: (path, size, answer) => attempt(answer, () => fs.truncateSync(root + path, size)),
  ftruncate: (_path, file, size, answer) => attempt(answer, () => fs.ftruncateSync(file, size)),
  unlink: (path, answer) => attempt(answer, () => fs.unlinkSync(root + path)),
  rename: (from, to, answer) => attempt(answer, () => fs.renameSync(root + from, root + to)),
  link: (from, to, answer) => attempt(answer, () => fs.linkSync(root + from, root + to)),
  symlink: (target, path, answer) => attempt(answer, () => fs.symlinkSync(target, root + path)),
  readlink: (path, answer) => attempt(answer, () => fs.readlinkSync(root + path)),
  mkdir: (path, mode, answer) => attempt(answer, () => fs.mkdirSync(root + path, mode)),
  rmdir: (path, answer) => attempt(answer, () => fs.rmdirSync(root + path)),
  chmod: (path, mode, answer) => attempt(answer, () => fs.chmodSync(root + path, mode)),
  chown: (path, uid, gid, answer) => attempt(answer, () => fs.lchownSync(root + path, uid, gid)),
  utimens: (path, atime, mtime, answer) =>
    attempt(answer, () => fs.lutimesSync(root + path, atime / 1000, mtime / 1000)),
};

// Names and attributes are trusted for one second, as with all others in the comparison.
const options = { force: true, attrTimeout: '1', entryTimeout: '1', defaultPermissions: true };
const fuse = new Fuse(mountPoint, operations, options);
fuse.mount((error) => {
  if (error) throw error;
});
process.once('SIGTERM', () => fuse.unmount(() => process.exit(0)));
