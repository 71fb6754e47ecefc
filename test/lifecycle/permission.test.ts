import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TemporaryDirectory } from '../support/temporary.js';
import { failure, Namespace, NOBODY, ownDirectory, temporary, withoutRoot } from './place.js';

/** A namespace in which everybody may use /dev/fuse, and a directory for mount points. */
async function shared(): Promise<{ namespace: Namespace; directory: TemporaryDirectory }> {
  const directory = temporary();
  const namespace = await Namespace.create();
  await namespace.shareDevice(directory.directory('dev'));
  return { namespace, directory };
}

/** What users may do is the machine's to say: the file is covered, not changed. */
async function setFuseConf(namespace: Namespace, directory: string, text: string): Promise<void> {
  const path = join(directory, 'fuse.conf');
  await namespace.run('sh', '-c', `printf '%s' "$1" > "$2"`, 'sh', text, path);
  await namespace.run('mount', '--bind', path, '/etc/fuse.conf');
}

describe.skipIf(withoutRoot)('a user without privileges', () => {
  it('mounts in an own directory, through fusermount3', async () => {
    const { namespace, directory } = await shared();
    const point = ownDirectory(directory, 'own');
    const host = await namespace.host({ uid: NOBODY });
    expect(await host.mount('one', point, { volumeLabel: 'mine' })).toBe(point);
    const [mounted] = namespace.mountsAt(point);
    expect(mounted).toMatchObject({ type: 'fuse.node-dokan', source: 'mine' });
    expect(mounted?.options).toContain(`user_id=${NOBODY}`);
    expect(await namespace.try(NOBODY, 'cat', `${point}/good`)).toMatchObject({ stdout: 'good' });
    const list = await host.list();
    const rest = { userId: NOBODY, readOnly: false, state: 'live' };
    expect(list).toMatchObject([{ mountPoint: point, volumeLabel: 'mine', ...rest }]);
    await host.unmount('one');
    expect(namespace.mountsAt(point)).toEqual([]);
    expect(await host.closed('one')).toBe('unmounted');
  });

  it('takes reads of 1 MiB, and any name of a mount point', async () => {
    const { namespace, directory } = await shared();
    const point = ownDirectory(directory, `a, b\\c\n文 "d"`);
    const host = await namespace.host({ uid: NOBODY });
    expect(await host.mount('one', point, { volumeLabel: 'a,b\\c d' })).toBe(point);
    const [mounted] = namespace.mountsAt(point);
    expect(mounted?.source).toBe('a,b\\c d');
    expect(mounted?.options).toContain('max_read=1048576');
    expect(await namespace.try(NOBODY, 'cat', `${point}/good`)).toMatchObject({ stdout: 'good' });
    await host.unmount('one');
    expect(namespace.mountsAt(point)).toEqual([]);
  });

  it('is refused in a directory of root', async () => {
    const { namespace, directory } = await shared();
    const point = directory.directory('of-root');
    const host = await namespace.host({ uid: NOBODY });
    const error = await failure(host.mount('one', point));
    expect(error).toMatchObject({ name: 'MountError', code: 'EPERM', mountPoint: point });
    expect(error.message).toContain('fusermount3');
    expect(error.cure).toContain('must belong to this user');
    expect(namespace.mountsAt(point)).toEqual([]);
  });

  it('is refused in a directory it may not read', async () => {
    const { namespace, directory } = await shared();
    const point = directory.directory('closed');
    chmodSync(point, 0o700);
    const error = await failure((await namespace.host({ uid: NOBODY })).mount('one', point));
    expect(error).toMatchObject({ code: 'EACCES', mountPoint: point });
    expect(error.cure).toBe('Name a directory this user may read.');
  });

  it('is told what allowOther needs', async () => {
    const { namespace, directory } = await shared();
    await setFuseConf(namespace, join(directory.path, 'dev'), '# nothing\n');
    const point = ownDirectory(directory, 'own');
    const host = await namespace.host({ uid: NOBODY });
    const error = await failure(host.mount('one', point, { allowOther: true }));
    expect(error).toMatchObject({ code: 'EPERM', mountPoint: point });
    expect(error.cure).toContain('user_allow_other');
    expect(error.cure).toContain('/etc/fuse.conf');
    expect(namespace.mountsAt(point)).toEqual([]);
  });

  it('lets others in where the machine allows it', async () => {
    const { namespace, directory } = await shared();
    await setFuseConf(namespace, join(directory.path, 'dev'), 'user_allow_other\n');
    const [one, two] = [ownDirectory(directory, 'one'), ownDirectory(directory, 'two')];
    const host = await namespace.host({ uid: NOBODY });
    await host.mount('one', one, { allowOther: true });
    await host.mount('two', two);
    expect(await namespace.run('cat', `${one}/good`)).toBe('good');
    // Without the option not even root is let in.
    expect(await namespace.try(0, 'cat', `${two}/good`)).toMatchObject({ code: 1 });
  });

  it('is told when fusermount3 is not installed', async () => {
    const { namespace, directory } = await shared();
    const point = ownDirectory(directory, 'own');
    const host = await namespace.host({ uid: NOBODY, path: '/nonexistent' });
    const error = await failure(host.mount('one', point));
    expect(error).toMatchObject({ code: 'ENOENT', mountPoint: point });
    expect(error.message).toContain('fusermount3');
    expect(error.cure).toContain('apt-get install fuse3');
    expect(namespace.mountsAt(point)).toEqual([]);
  });

  it('is told when /dev/fuse is closed to it', async () => {
    const { namespace, directory } = await shared();
    await namespace.run('chmod', '600', '/dev/fuse');
    const point = ownDirectory(directory, 'own');
    const error = await failure((await namespace.host({ uid: NOBODY })).mount('one', point));
    expect(error).toMatchObject({ code: 'EPERM', mountPoint: point });
    expect(error.cure).toContain('/dev/fuse');
    expect(namespace.mountsAt(point)).toEqual([]);
  });

  it('recovers a dead volume of its own', async () => {
    const { namespace, directory } = await shared();
    const point = ownDirectory(directory, 'own');
    const first = await namespace.host({ uid: NOBODY });
    await first.mount('one', point, { autoUnmount: false });
    await first.kill();
    expect(namespace.mountsAt(point)).toHaveLength(1);
    const second = await namespace.host({ uid: NOBODY });
    const error = await failure(second.mount('two', point));
    expect(error.cure).toContain("'forceUnmount'");
    await second.mount('two', point, { forceUnmount: true });
    expect(await namespace.try(NOBODY, 'cat', `${point}/good`)).toMatchObject({ stdout: 'good' });
    expect(namespace.mountsAt(point)).toHaveLength(1);
  });

  it('forces a volume of its own that is in use', async () => {
    const { namespace, directory } = await shared();
    const point = ownDirectory(directory, 'own');
    const host = await namespace.host({ uid: NOBODY });
    await host.mount('one', point);
    namespace.start(NOBODY, 'sh', '-c', `exec sleep 60 < ${point}/good`);
    await host.event('createFile', '/good');
    const busy = await failure(host.unmount('one'));
    expect(busy).toMatchObject({ code: 'EBUSY', mountPoint: point });
    await host.unmount('one', { force: true });
    expect(await host.closed('one')).toBe('forced');
    expect(host.seen('closeFile', '/good')).toHaveLength(1);
    expect(namespace.mountsAt(point)).toEqual([]);
  }, 30_000);
});

describe.skipIf(withoutRoot)("another user's volume", () => {
  it('of a user is left alone by root, forced or not', async () => {
    const { namespace, directory } = await shared();
    const point = ownDirectory(directory, 'own');
    const owner = await namespace.host({ uid: NOBODY });
    await owner.mount('one', point);
    const root = await namespace.host();
    for (const force of [false, true]) {
      for (const order of [
        () => root.mount('two', point, { forceUnmount: force }),
        () => root.order('unmountAt', point, { force }),
      ]) {
        const error = await failure(order());
        expect(error).toMatchObject({ name: 'MountError', code: 'EPERM', mountPoint: point });
        expect(error.message).toContain(`belongs to user ${NOBODY}`);
        expect(error.cure).toContain('left alone');
      }
    }
    expect(namespace.mountsAt(point)).toHaveLength(1);
    expect(await namespace.try(NOBODY, 'cat', `${point}/good`)).toMatchObject({ stdout: 'good' });
    await owner.unmount('one');
  });

  it('of root is left alone by a user, forced or not', async () => {
    const { namespace, directory } = await shared();
    const point = directory.directory('of-root');
    const root = await namespace.host();
    await root.mount('one', point, { allowOther: true });
    const user = await namespace.host({ uid: NOBODY });
    for (const force of [false, true]) {
      for (const order of [
        () => user.mount('two', point, { forceUnmount: force }),
        () => user.order('unmountAt', point, { force }),
      ]) {
        const error = await failure(order());
        expect(error).toMatchObject({ code: 'EPERM', mountPoint: point });
        expect(error.message).toContain('belongs to user 0');
      }
    }
    expect(namespace.mountsAt(point)).toHaveLength(1);
    expect((await user.list()).map(({ userId }) => userId)).toEqual([0]);
    await root.unmount('one');
  });
});
