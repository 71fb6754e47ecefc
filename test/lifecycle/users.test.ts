import { describe, expect, it } from 'vitest';
import type { TemporaryDirectory } from '../support/temporary.js';
import type { HostProcess } from './host_process.js';
import { failure, Namespace, NOBODY, ownDirectory, temporary, withoutRoot } from './place.js';

const DAEMON = 1;

/** A namespace in which everybody may use /dev/fuse. */
async function shared(): Promise<{ namespace: Namespace; directory: TemporaryDirectory }> {
  const directory = temporary();
  const namespace = await Namespace.create();
  await namespace.shareDevice(directory.directory('dev'));
  return { namespace, directory };
}

/** Everything that takes a volume away. */
const WAYS: [how: string, act: (host: HostProcess, point: string, more: object) => unknown][] = [
  ['unmount', (host, point, more) => host.order('unmountAt', point, more)],
  [
    'unmount by force',
    (host, point, more) => host.order('unmountAt', point, { force: true, ...more }),
  ],
  [
    'mount by force',
    (host, point, more) => host.mount('other', point, { forceUnmount: true, ...more }),
  ],
];

describe.skipIf(withoutRoot)("another user's volume", () => {
  it.each(WAYS)('is refused to another user, with allSessions too: %s', async (_, act) => {
    const { namespace, directory } = await shared();
    const point = ownDirectory(directory, 'own');
    const owner = await namespace.host({ uid: NOBODY });
    await owner.mount('one', point);
    const other = await namespace.host({ uid: DAEMON });
    const plain = await failure(Promise.resolve(act(other, point, {})));
    expect(plain).toMatchObject({ name: 'MountError', code: 'EPERM', mountPoint: point });
    expect(plain.message).toContain(`belongs to user ${NOBODY} (nobody)`);
    expect(plain.cure).toContain("'allSessions'");
    const asked = await failure(Promise.resolve(act(other, point, { allSessions: true })));
    expect(asked).toMatchObject({ code: 'EPERM', mountPoint: point });
    expect(asked.cure).toContain('needs the privilege');
    expect(namespace.mountsAt(point)).toHaveLength(1);
    expect(owner.seen('closed')).toEqual([]);
  });

  it.each(WAYS)('is refused to root without the capability: %s', async (_, act) => {
    const { namespace, directory } = await shared();
    const point = ownDirectory(directory, 'own');
    const owner = await namespace.host({ uid: NOBODY });
    await owner.mount('one', point);
    const root = await namespace.host({
      via: [...namespace.via, 'setpriv', '--bounding-set=-sys_admin'],
    });
    const error = await failure(Promise.resolve(act(root, point, { allSessions: true })));
    expect(error).toMatchObject({ code: 'EPERM', mountPoint: point });
    expect(error.cure).toContain('CAP_SYS_ADMIN');
    expect(namespace.mountsAt(point)).toHaveLength(1);
    expect(owner.seen('closed')).toEqual([]);
  });

  it.each(WAYS)('is taken by root with allSessions only: %s', async (how, act) => {
    const { namespace, directory } = await shared();
    const point = ownDirectory(directory, 'own');
    const owner = await namespace.host({ uid: NOBODY });
    await owner.mount('one', point);
    const root = await namespace.host();
    const error = await failure(Promise.resolve(act(root, point, {})));
    expect(error).toMatchObject({ code: 'EPERM', mountPoint: point });
    expect(namespace.mountsAt(point)).toHaveLength(1);
    await act(root, point, { allSessions: true });
    expect(await owner.closed('one')).toMatch(/^(ejected|forced)$/);
    const mounted = namespace.mountsAt(point);
    expect(mounted).toHaveLength(how === 'mount by force' ? 1 : 0);
    for (const { options } of mounted) expect(options).toContain('user_id=0');
  });

  it('in use, of a process that is stopped, is forced by root with allSessions', async () => {
    const { namespace, directory } = await shared();
    const point = ownDirectory(directory, 'own');
    const owner = await namespace.host({ uid: NOBODY });
    await owner.mount('one', point);
    const reader = namespace.start(
      NOBODY,
      'sh',
      '-c',
      'exec 3< "$0"/good; cat "$0/readFile!never"',
      point,
    );
    const ended = new Promise((resolve) => reader.once('close', resolve));
    await owner.event('waiting', '/readFile!never');
    owner.signal('SIGSTOP');
    const root = await namespace.host();
    await root.mount('two', point, { forceUnmount: true, allSessions: true });
    await ended;
    expect(namespace.mountsAt(point).map(({ options }) => options.includes('user_id=0'))).toEqual([
      true,
    ]);
    owner.signal('SIGCONT');
    expect(await owner.closed('one')).toBe('forced');
    // The guard of the user's volume has gone with it.
    await owner.kill();
    expect(await namespace.run('cat', `${point}/good`)).toBe('good');
    await root.unmount('two');
  });

  it.each(WAYS)('of root is refused to a user: %s', async (_, act) => {
    const { namespace, directory } = await shared();
    const point = directory.directory('of-root');
    const root = await namespace.host();
    await root.mount('one', point, { allowOther: true });
    const user = await namespace.host({ uid: NOBODY });
    for (const more of [{}, { allSessions: true }]) {
      const error = await failure(Promise.resolve(act(user, point, more)));
      expect(error).toMatchObject({ code: 'EPERM', mountPoint: point });
      expect(error.message).toContain('belongs to user 0 (root)');
    }
    expect(namespace.mountsAt(point)).toHaveLength(1);
    await root.unmount('one');
  });
});
