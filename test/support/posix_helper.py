"""System calls that Node does not offer, for the tests: one JSON call per line in, one answer out.

A call is {"call": name, "args": [...]}; the answer {"ok": value} or {"errno": name}. Bytes travel as
{"$b": base64}, integers that JavaScript cannot hold exactly as {"$i": decimal}. A path is a string
(UTF-8) or bytes. Descriptors, directory streams and maps stay in this process; `reset` drops them.
With an argument UID the process gives up root first.
"""

import base64
import ctypes
import errno
import fcntl
import hashlib
import json
import mmap
import os
import random
import shutil
import stat as stat_module
import struct
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)
AT_FDCWD = -100
AT_SYMLINK_NOFOLLOW = 0x100
AT_EMPTY_PATH = 0x1000
SAFE = 2**53

descriptors = set()
streams = {}
maps = {}
next_id = 1
calls = {}


def call(function):
    calls[function.__name__] = function
    return function


def path_bytes(path):
    return path.encode('utf-8', 'surrogatepass') if isinstance(path, str) else path


def check(result):
    """The C convention: -1 means failure, the reason is in errno."""
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def flags_of(names):
    value = 0
    for name in filter(None, names.split('|')):
        value |= getattr(os, 'O_' + name)
    return value


def keep(fd):
    descriptors.add(fd)
    return fd


def new_id():
    global next_id
    next_id += 1
    return next_id


# --- opens -------------------------------------------------------------------------------------


@call
def open(path, flags, mode=0o666, dirfd=None):
    return keep(os.open(path_bytes(path), flags_of(flags), mode, dir_fd=dirfd))


@call
def openat2(dirfd, path, flags, mode, resolve):
    how = struct.pack('QQQ', flags_of(flags), mode, resolve)
    number = 437  # the same on every architecture
    where = AT_FDCWD if dirfd is None else dirfd
    fd = libc.syscall(number, where, path_bytes(path), how, ctypes.c_size_t(len(how)))
    return keep(check(fd))


@call
def close(fd):
    descriptors.discard(fd)
    os.close(fd)


@call
def dup(fd):
    return keep(os.dup(fd))


@call
def read(fd, length):
    return os.read(fd, length)


@call
def pread(fd, length, offset):
    return os.pread(fd, length, offset)


@call
def write(fd, data):
    return os.write(fd, data)


@call
def pwrite(fd, data, offset):
    return os.pwrite(fd, data, offset)


@call
def pread_direct(fd, length, offset):
    with mmap.mmap(-1, length) as buffer:
        return buffer[: os.preadv(fd, [buffer], offset)]


@call
def pwrite_direct(fd, data, offset):
    with mmap.mmap(-1, len(data)) as buffer:
        buffer[:] = data
        return os.pwritev(fd, [buffer], offset)


@call
def lseek(fd, offset, whence):
    return os.lseek(fd, offset, getattr(os, 'SEEK_' + whence))


@call
def ftruncate(fd, length):
    os.ftruncate(fd, length)


@call
def truncate(path, length):
    os.truncate(path_bytes(path), length)


@call
def fsync(fd):
    os.fsync(fd)


@call
def fdatasync(fd):
    os.fdatasync(fd)


@call
def syncfs(fd):
    check(libc.syncfs(fd))


@call
def fallocate(fd, mode, offset, length):
    check(libc.fallocate(fd, mode, ctypes.c_int64(offset), ctypes.c_int64(length)))


@call
def copy_file_range(source, target, length, source_offset, target_offset):
    return os.copy_file_range(source, target, length, source_offset, target_offset)


@call
def sendfile(target, source, offset, length):
    return os.sendfile(target, source, offset, length)


# --- whole files: shorthand for what most tests begin and end with --------------------------------


@call
def write_file(path, data, mode=0o666):
    fd = os.open(path_bytes(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        view = memoryview(data)
        while len(view):
            view = view[os.write(fd, view) :]
    finally:
        os.close(fd)


@call
def read_file(path):
    fd = os.open(path_bytes(path), os.O_RDONLY)
    try:
        parts = []
        while part := os.read(fd, 1 << 20):
            parts.append(part)
        return b''.join(parts)
    finally:
        os.close(fd)


@call
def digest(path):
    """SHA-256 of the content, for files too large to send."""
    fd = os.open(path_bytes(path), os.O_RDONLY)
    try:
        total = hashlib.sha256()
        while part := os.read(fd, 1 << 20):
            total.update(part)
        return total.hexdigest()
    finally:
        os.close(fd)


# --- attributes ----------------------------------------------------------------------------------


def describe(found):
    kinds = {
        stat_module.S_IFREG: 'file',
        stat_module.S_IFDIR: 'directory',
        stat_module.S_IFLNK: 'symlink',
        stat_module.S_IFIFO: 'fifo',
        stat_module.S_IFSOCK: 'socket',
        stat_module.S_IFCHR: 'character',
        stat_module.S_IFBLK: 'block',
    }
    return {
        'kind': kinds[stat_module.S_IFMT(found.st_mode)],
        'mode': stat_module.S_IMODE(found.st_mode),
        'ino': {'$i': str(found.st_ino)},
        'dev': {'$i': str(found.st_dev)},
        'nlink': found.st_nlink,
        'uid': found.st_uid,
        'gid': found.st_gid,
        'size': found.st_size,
        'blocks': found.st_blocks,
        'blksize': found.st_blksize,
        'rdev': found.st_rdev,
        'atime': {'$i': str(found.st_atime_ns)},
        'mtime': {'$i': str(found.st_mtime_ns)},
        'ctime': {'$i': str(found.st_ctime_ns)},
    }


@call
def stat(path):
    return describe(os.stat(path_bytes(path)))


@call
def lstat(path):
    return describe(os.lstat(path_bytes(path)))


@call
def fstat(fd):
    return describe(os.fstat(fd))


@call
def birth_time(path):
    """statx(2) btime in nanoseconds, or None where the file system has none."""
    buffer = ctypes.create_string_buffer(256)
    check(libc.statx(AT_FDCWD, path_bytes(path), AT_SYMLINK_NOFOLLOW, 0x800, buffer))
    (mask,) = struct.unpack_from('I', buffer, 0)
    if not mask & 0x800:
        return None
    seconds, nanoseconds = struct.unpack_from('qI', buffer, 80)
    return {'$i': str(seconds * 10**9 + nanoseconds)}


@call
def chmod(path, mode):
    os.chmod(path_bytes(path), mode)


@call
def fchmod(fd, mode):
    os.fchmod(fd, mode)


@call
def chown(path, uid, gid):
    os.chown(path_bytes(path), uid, gid)


@call
def lchown(path, uid, gid):
    os.lchown(path_bytes(path), uid, gid)


@call
def fchown(fd, uid, gid):
    os.fchown(fd, uid, gid)


def timespec(value):
    if value == 'now':
        return struct.pack('qq', 0, 0x3FFFFFFF)
    if value == 'omit':
        return struct.pack('qq', 0, 0x3FFFFFFE)
    return struct.pack('qq', *divmod(value, 10**9))


@call
def utimens(path, atime, mtime, follow=True):
    flags = 0 if follow else AT_SYMLINK_NOFOLLOW
    times = timespec(atime) + timespec(mtime)
    check(libc.utimensat(AT_FDCWD, path_bytes(path), times, flags))


@call
def futimens(fd, atime, mtime):
    check(libc.futimens(fd, timespec(atime) + timespec(mtime)))


@call
def access(path, mode):
    """access(2) with the real ids; Python's own answers a bare boolean."""
    check(libc.access(path_bytes(path), mode))


@call
def statvfs(path):
    found = os.statvfs(path_bytes(path))
    names = ['bsize', 'frsize', 'blocks', 'bfree', 'bavail', 'files', 'ffree', 'flag', 'namemax']
    return {name: getattr(found, 'f_' + name) for name in names}


# --- names ---------------------------------------------------------------------------------------


@call
def mkdir(path, mode=0o777):
    os.mkdir(path_bytes(path), mode)


@call
def rmdir(path):
    os.rmdir(path_bytes(path))


@call
def unlink(path):
    os.unlink(path_bytes(path))


@call
def rename(old, new):
    os.rename(path_bytes(old), path_bytes(new))


@call
def renameat2(old, new, flags):
    check(libc.renameat2(AT_FDCWD, path_bytes(old), AT_FDCWD, path_bytes(new), flags))


@call
def link(old, new, follow=False):
    # AT_SYMLINK_FOLLOW is 0x400; without it link(2) links the symbolic link itself.
    flags = 0x400 if follow else 0
    check(libc.linkat(AT_FDCWD, path_bytes(old), AT_FDCWD, path_bytes(new), flags))


@call
def link_descriptor(fd, new):
    check(libc.linkat(fd, b'', AT_FDCWD, path_bytes(new), AT_EMPTY_PATH))


@call
def symlink(target, path):
    os.symlink(path_bytes(target), path_bytes(path))


@call
def readlink(path):
    return os.readlink(path_bytes(path))


@call
def mknod(path, mode, device=0):
    os.mknod(path_bytes(path), mode, device)


@call
def bind_socket(path):
    import socket

    server = socket.socket(socket.AF_UNIX)
    try:
        server.bind(path_bytes(path))
    finally:
        server.close()


@call
def listdir(path):
    """Names as bytes, sorted."""
    return sorted(os.listdir(path_bytes(path)))


@call
def scandir(path):
    """Names and the type readdir reports (not stat)."""
    with os.scandir(path_bytes(path)) as entries:
        found = []
        for entry in entries:
            kind = 'other'
            if entry.is_symlink():
                kind = 'symlink'
            elif entry.is_dir(follow_symlinks=False):
                kind = 'directory'
            elif entry.is_file(follow_symlinks=False):
                kind = 'file'
            found.append({'name': entry.name, 'kind': kind, 'ino': {'$i': str(entry.inode())}})
        return sorted(found, key=lambda entry: entry['name'])


@call
def chdir(path):
    os.chdir(path_bytes(path))


@call
def fchdir(fd):
    os.fchdir(fd)


@call
def getcwd():
    return os.getcwdb()


@call
def umask(mask):
    return os.umask(mask)


@call
def remove_tree(path):
    shutil.rmtree(path_bytes(path))


# --- directory streams -----------------------------------------------------------------------------

libc.opendir.restype = ctypes.c_void_p
libc.fdopendir.restype = ctypes.c_void_p
libc.readdir64.restype = ctypes.c_void_p
libc.telldir.restype = ctypes.c_long


@call
def opendir(path):
    ctypes.set_errno(0)
    stream = libc.opendir(path_bytes(path))
    if not stream:
        check(-1)
    key = new_id()
    streams[key] = ctypes.c_void_p(stream)
    return key


@call
def readdir(key, count=1):
    """Up to `count` names with the position behind each; an empty list at the end."""
    found = []
    while len(found) < count:
        ctypes.set_errno(0)
        entry = libc.readdir64(streams[key])
        if not entry:
            if ctypes.get_errno():
                check(-1)
            break
        name = ctypes.string_at(entry + 19)
        position = libc.telldir(streams[key])
        found.append({'name': name, 'position': {'$i': str(position)}})
    return found


@call
def telldir(key):
    return {'$i': str(libc.telldir(streams[key]))}


@call
def seekdir(key, position):
    libc.seekdir(streams[key], ctypes.c_long(position))


@call
def rewinddir(key):
    libc.rewinddir(streams[key])


@call
def closedir(key):
    check(libc.closedir(streams.pop(key)))


# --- extended attributes -----------------------------------------------------------------------------


@call
def setxattr(path, name, value, flags='', follow=True):
    bits = {'': 0, 'CREATE': os.XATTR_CREATE, 'REPLACE': os.XATTR_REPLACE}[flags]
    os.setxattr(path_bytes(path), path_bytes(name), value, bits, follow_symlinks=follow)


@call
def getxattr(path, name, follow=True):
    return os.getxattr(path_bytes(path), path_bytes(name), follow_symlinks=follow)


@call
def getxattr_size(path, name, size):
    """getxattr(2) with a buffer of that size: 0 asks for the length needed."""
    buffer = ctypes.create_string_buffer(max(size, 1))
    return check(
        libc.getxattr(path_bytes(path), path_bytes(name), buffer, ctypes.c_size_t(size))
    )


@call
def listxattr(path, follow=True):
    """Only `user.` names: other namespaces are the system's (security labels)."""
    names = os.listxattr(path_bytes(path), follow_symlinks=follow)
    return sorted(name for name in names if name.startswith('user.'))


@call
def listxattr_size(path, size):
    buffer = ctypes.create_string_buffer(max(size, 1))
    return check(libc.listxattr(path_bytes(path), buffer, ctypes.c_size_t(size)))


@call
def removexattr(path, name, follow=True):
    os.removexattr(path_bytes(path), path_bytes(name), follow_symlinks=follow)


@call
def fsetxattr(fd, name, value):
    os.setxattr(fd, path_bytes(name), value)


@call
def fgetxattr(fd, name):
    return os.getxattr(fd, path_bytes(name))


# --- locks ---------------------------------------------------------------------------------------

LOCK_TYPES = {'read': fcntl.F_RDLCK, 'write': fcntl.F_WRLCK, 'unlock': fcntl.F_UNLCK}
# struct flock of 64-bit Linux; padding at the end is the compiler's.
FLOCK = 'hhqqi4x'


@call
def lock(fd, kind, start, length, wait=False, ofd=False):
    """fcntl(2) record lock; `ofd` makes it belong to the open instead of the process."""
    command = (37 if not wait else 38) if ofd else (fcntl.F_SETLK if not wait else fcntl.F_SETLKW)
    fcntl.fcntl(fd, command, struct.pack(FLOCK, LOCK_TYPES[kind], os.SEEK_SET, start, length, 0))


@call
def test_lock(fd, kind, start, length):
    """F_GETLK: None when the lock could be had, else the lock that is in the way."""
    asked = struct.pack(FLOCK, LOCK_TYPES[kind], os.SEEK_SET, start, length, 0)
    answer = struct.unpack(FLOCK, fcntl.fcntl(fd, fcntl.F_GETLK, asked))
    if answer[0] == fcntl.F_UNLCK:
        return None
    names = {value: name for name, value in LOCK_TYPES.items()}
    return {'kind': names[answer[0]], 'start': answer[2], 'length': answer[3], 'pid': answer[4]}


@call
def flock(fd, kind, wait=False):
    operation = {'shared': fcntl.LOCK_SH, 'exclusive': fcntl.LOCK_EX, 'unlock': fcntl.LOCK_UN}
    fcntl.flock(fd, operation[kind] | (0 if wait else fcntl.LOCK_NB))


# --- memory maps -----------------------------------------------------------------------------------


@call
def map(fd, length, shared=True, writable=True, offset=0):
    protection = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
    flags = mmap.MAP_SHARED if shared else mmap.MAP_PRIVATE
    libc.mmap.restype = ctypes.c_void_p
    # Python's mmap refuses lengths beyond the end of the file; the kernel does not.
    address = libc.mmap(
        None, ctypes.c_size_t(length), protection, flags, fd, ctypes.c_int64(offset)
    )
    if address == ctypes.c_void_p(-1).value:
        check(-1)
    key = new_id()
    maps[key] = (address, length)
    return key


@call
def map_read(key, offset, length):
    return ctypes.string_at(maps[key][0] + offset, length)


@call
def map_write(key, offset, data):
    ctypes.memmove(maps[key][0] + offset, data, len(data))


@call
def msync(key, asynchronous=False):
    address, length = maps[key]
    check(libc.msync(ctypes.c_void_p(address), ctypes.c_size_t(length), 1 if asynchronous else 4))


@call
def unmap(key):
    address, length = maps.pop(key)
    check(libc.munmap(ctypes.c_void_p(address), ctypes.c_size_t(length)))


# --- the process -----------------------------------------------------------------------------------


@call
def getpid():
    return os.getpid()


@call
def getuid():
    return os.getuid()


@call
def run(argv, cwd=None):
    done = subprocess.run(argv, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True)
    return {'code': done.returncode, 'stdout': done.stdout, 'stderr': done.stderr}


@call
def execute(path):
    """execve(2) in a child: the exit status, or the errno of the refusal."""
    try:
        return subprocess.run([path_bytes(path)], capture_output=True).returncode
    except OSError as error:
        # subprocess reports the child's errno; a missing interpreter looks like a missing file.
        raise OSError(error.errno, os.strerror(error.errno)) from None


@call
def reset():
    """Back to the start: nothing open, no map, working directory /, umask 022."""
    os.chdir('/')
    os.umask(0o022)
    for key in list(maps):
        unmap(key)
    for key in list(streams):
        closedir(key)
    for fd in list(descriptors):
        descriptors.discard(fd)
        try:
            os.close(fd)
        except OSError as error:
            if error.errno != errno.EBADF:
                raise


# --- loops: work that several helpers do at the same time --------------------------------------------


@call
def create_many(directory, prefix, count, kind='file'):
    base = path_bytes(directory) + b'/' + path_bytes(prefix)
    for number in range(count):
        name = base + b'%05d' % number
        if kind == 'directory':
            os.mkdir(name)
        else:
            os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))


@call
def unlink_many(directory, names):
    for name in names:
        os.unlink(path_bytes(directory) + b'/' + path_bytes(name))


@call
def append_records(path, tag, count, length):
    """Appends records of one writer, each with one write(2)."""
    fd = os.open(path_bytes(path), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        for number in range(count):
            record = f'{tag}:{number}:'.encode().ljust(length - 1, b'.') + b'\n'
            written = os.write(fd, record)
            if written != length:
                raise OSError(errno.EIO, 'short append')
    finally:
        os.close(fd)


@call
def churn(directory, prefix, count, seed):
    """Creates, writes, reads back, renames and deletes its own files in a shared directory."""
    choose = random.Random(seed)
    base = path_bytes(directory) + b'/' + path_bytes(prefix)
    mistakes = []
    for number in range(count):
        name = base + b'-%d' % number
        content = choose.randbytes(choose.randrange(1, 20000))
        write_file(name, content)
        moved = name + b'.moved'
        os.rename(name, moved)
        if read_file(moved) != content:
            mistakes.append(f'content of {moved!r}')
        if os.stat(moved).st_size != len(content):
            mistakes.append(f'size of {moved!r}')
        os.unlink(moved)
        for gone in (name, moved):
            if os.path.lexists(gone):
                mistakes.append(f'{gone!r} still there')
    return mistakes


@call
def write_regions(path, start, stride, length, count, fill):
    """Writes `count` blocks of one byte value, `stride` apart: several writers interleave."""
    fd = os.open(path_bytes(path), os.O_WRONLY)
    try:
        for number in range(count):
            if os.pwrite(fd, bytes([fill]) * length, start + number * stride) != length:
                raise OSError(errno.EIO, 'short write')
    finally:
        os.close(fd)


@call
def replace_many(path, prefix, count, length):
    """Replaces a file over and over by rename, each time with content of one byte value."""
    target = path_bytes(path)
    for number in range(count):
        name = target + b'.' + path_bytes(prefix)
        write_file(name, bytes([number % 256]) * length)
        os.rename(name, target)


@call
def read_whole(path, count, length):
    """Opens and reads a file that is being replaced: each time one whole content, never a mix."""
    mistakes = []
    for _ in range(count):
        content = read_file(path)
        if len(content) != length or content != content[:1] * length:
            mistakes.append(f'{len(content)} bytes of {sorted(set(content))[:5]}')
    return mistakes


@call
def exclusive_wins(directory, count):
    """Which of the names this process was the one to create."""
    won = []
    for number in range(count):
        try:
            fd = os.open(
                path_bytes(directory) + b'/%d' % number, os.O_WRONLY | os.O_CREAT | os.O_EXCL
            )
        except FileExistsError:
            continue
        os.close(fd)
        won.append(number)
    return won


@call
def mkdir_wins(directory, count):
    won = []
    for number in range(count):
        try:
            os.mkdir(path_bytes(directory) + b'/%d' % number)
        except FileExistsError:
            continue
        won.append(number)
    return won


@call
def locked_increments(path, count, how):
    """Adds one to a number in a file, under a lock, `count` times."""
    for _ in range(count):
        fd = os.open(path_bytes(path), os.O_RDWR)
        try:
            if how == 'flock':
                fcntl.flock(fd, fcntl.LOCK_EX)
            else:
                lock(fd, 'write', 0, 0, True, how == 'ofd')
            value = int(os.pread(fd, 32, 0) or b'0')
            os.pwrite(fd, b'%d' % (value + 1), 0)
        finally:
            os.close(fd)


@call
def fill(path, block):
    """Writes until the volume is full: the bytes that went in and the errno of the last write."""
    fd = os.open(path_bytes(path), os.O_WRONLY | os.O_CREAT, 0o644)
    total = 0
    failure = None
    try:
        while failure is None:
            try:
                total += os.write(fd, b'f' * block)
            except OSError as error:
                failure = errno.errorcode[error.errno]
        try:
            os.fsync(fd)
        except OSError as error:
            failure = errno.errorcode[error.errno]
    finally:
        try:
            os.close(fd)
        except OSError as error:
            failure = errno.errorcode[error.errno]
    return {'written': total, 'errno': failure}


@call
def batch(requests):
    """Several calls at once, each with its own answer."""
    return [answer(request) for request in requests]


# --- the loop ------------------------------------------------------------------------------------


def from_wire(value):
    if isinstance(value, dict):
        if '$b' in value:
            return base64.b64decode(value['$b'])
        if '$i' in value:
            return int(value['$i'])
        return {key: from_wire(item) for key, item in value.items()}
    if isinstance(value, list):
        return [from_wire(item) for item in value]
    return value


def to_wire(value):
    if isinstance(value, bytes):
        return {'$b': base64.b64encode(value).decode()}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= SAFE:
        return {'$i': str(value)}
    if isinstance(value, dict):
        return {key: to_wire(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_wire(item) for item in value]
    return value


def errno_name(number):
    # Python knows the number by its older name.
    return 'EDEADLK' if number == errno.EDEADLK else errno.errorcode[number]


def answer(request):
    try:
        return {'ok': calls[request['call']](*request['args'])}
    except OSError as error:
        if error.errno is None:
            return {'error': repr(error)}
        return {'errno': errno_name(error.errno)}
    except OverflowError:
        # Python's own limit on off_t; the kernel would say EINVAL.
        return {'errno': 'EINVAL'}
    except Exception as error:
        return {'error': f'{type(error).__name__}: {error}'}


def main():
    if len(sys.argv) > 1:
        uid = int(sys.argv[1])
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    os.umask(0o022)
    os.chdir('/')
    for line in sys.stdin.buffer:
        reply = answer(from_wire(json.loads(line)))
        sys.stdout.write(json.dumps(to_wire(reply)) + '\n')
        sys.stdout.flush()


main()
