import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadLinuxAddon } from '../../lib/hosts/addon.js';
import { readMountInfo, topmostAt } from '../../lib/mounts/mountinfo.js';
import { eventually, within } from '../support/eventually.js';
import { mountedOn } from '../support/mounts.js';
import { run } from '../support/tools.js';
import { Namespace, NOBODY, ownDirectory, temporary, withoutRoot } from '../lifecycle/place.js';
import { LONG, MountScene, PATIENT, SHORT } from './scene.js';

const listProgram = fileURLToPath(new URL('./programs/list.mjs', import.meta.url));

describe.runIf(process.platform === 'linux')('the state of a volume', LONG, () => {
  it('is live when it answers', async () => {
    const scene = new MountScene();
    const volume = await scene.start('mnt');
    expect(await scene.entry(volume.mountPoint, PATIENT)).toMatchObject({ state: 'live' });
  });

  it('is live when it answers with an error', async () => {
    const scene = new MountScene();
    const volume = await scene.start('mnt', 'failing');
    expect(await scene.entry(volume.mountPoint, PATIENT)).toMatchObject({ state: 'live' });
  });

  it('is dead when its process was killed', async () => {
    const scene = new MountScene();
    const volume = await scene.start('mnt', 'ordinary', { autoUnmount: false });
    volume.kill();
    await volume.exit;
    expect(await scene.entry(volume.mountPoint, PATIENT)).toMatchObject({ state: 'dead' });
  });

  it('is hung when its process is stopped, until that goes on', async () => {
    const scene = new MountScene();
    const volume = await scene.start('mnt');
    volume.signal('SIGSTOP');
    expect(await scene.entry(volume.mountPoint, SHORT)).toMatchObject({ state: 'hung' });
    volume.signal('SIGCONT');
    expect(await scene.entry(volume.mountPoint, PATIENT)).toMatchObject({ state: 'live' });
  });

  it.each(['loop', 'stuck', 'never'] as const)(
    'is hung in a process that does not answer (%s), and who asks ends',
    async (behaviour) => {
      const scene = new MountScene();
      const volume = await scene.start('mnt', behaviour);
      expect(await scene.entry(volume.mountPoint, SHORT)).toMatchObject({ state: 'hung' });
      expect(volume.ended).toBeUndefined();
      // Again, by another process, while the first question has not been answered.
      expect(await scene.entry(volume.mountPoint, SHORT)).toMatchObject({ state: 'hung' });
    },
  );

  it('is asked for all volumes at once', async () => {
    const scene = new MountScene();
    const points = ['a', 'b', 'c', 'd', 'e', 'f'];
    const volumes = await Promise.all(points.map((point) => scene.start(point)));
    for (const volume of volumes) volume.signal('SIGSTOP');
    const started = performance.now();
    const list = await scene.list({ timeout: 4_000 });
    expect(list.map(({ state }) => state)).toEqual(points.map(() => 'hung'));
    expect(performance.now() - started, 'one after the other').toBeLessThan(6 * 4_000);
  });

  it('is asked once when two ask at a time', async () => {
    const scene = new MountScene();
    const { mountPoint, ...volume } = await stopped(scene);
    const [userId, groupId] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
    const probe = { mountPoint, userId, groupId, timeout: 2_000, ...volume };
    let isOver = false;
    const both = Promise.all([1, 2].map(() => loadLinuxAddon().probeVolume(probe))).finally(
      () => (isOver = true),
    );
    // Who asks is a copy of this process.
    const here = readFileSync('/proc/self/cmdline', 'utf8');
    const seen = new Set<number>();
    await eventually('both to have their answer', () => {
      const copies = childrenOf(String(process.pid)).filter(
        (child) => textOf(`/proc/${child}/cmdline`) === here,
      );
      seen.add(copies.length);
      return isOver;
    });
    expect(await both).toEqual(['hung', 'hung']);
    expect(Math.max(...seen)).toBe(1);
  });

  it.each(['loop', 'stuck'] as const)(
    'keeps nobody from exiting who asks (%s)',
    async (behaviour) => {
      const scene = new MountScene();
      const volume = await scene.start('mnt', behaviour);
      // Ends before the answer could be there, with a time limit it would not see the end of.
      await scene.lists({ timeout: 3_600_000, how: 'exit' });
      expect(mountedOn(volume.mountPoint)).toBeDefined();
    },
  );

  it.skipIf(withoutRoot)('leaves no process behind that asks one that is stopped', async () => {
    const scene = new MountScene();
    const volume = await scene.start('mnt', 'ordinary', { autoUnmount: false });
    volume.signal('SIGSTOP');
    await scene.entry(volume.mountPoint, SHORT);
    // One that is still in the volume would keep it from being unmounted. So does whoever lists for
    // another test meanwhile, up to its time limit.
    const UMOUNT_NOFOLLOW = 8;
    await eventually(
      'nobody to use the volume',
      () =>
        loadLinuxAddon()
          .unmountDirect(volume.mountPoint, UMOUNT_NOFOLLOW)
          .then(
            () => true,
            () => false,
          ),
      60_000,
    );
  });

  it('of its own volumes a thread knows without asking', async () => {
    const scene = new MountScene();
    const point = scene.directory.directory('mnt');
    // Nobody answers in no time.
    const script = `
      import { listMounts, mount } from 'node-dokan';
      const volume = await mount(process.argv[1], {});
      const list = await listMounts({ timeout: 0 });
      await volume.unmount();
      const [{ state }] = list.filter(({ mountPoint }) => mountPoint === process.argv[1]);
      process.stdout.write(state);
    `;
    const args = ['--input-type=module', '-e', script, point];
    const cwd = fileURLToPath(new URL('.', import.meta.url));
    expect(await run(process.execPath, args, { cwd, env: scene.env })).toBe('live');
  });

  it.skipIf(withoutRoot)('is unknown below another mount, which is not asked instead', async () => {
    const scene = new MountScene();
    const volume = await scene.start('mnt');
    await run('mount', ['-t', 'tmpfs', 'none', volume.mountPoint]);
    expect(await scene.entry(volume.mountPoint, PATIENT)).toMatchObject({ state: 'unknown' });
    await run('umount', [volume.mountPoint]);
    await run('mount', ['-t', 'tmpfs', 'none', scene.directory.path]);
    try {
      expect(await scene.entry(volume.mountPoint, PATIENT)).toMatchObject({ state: 'unknown' });
    } finally {
      await run('umount', [scene.directory.path]);
    }
    expect(await scene.entry(volume.mountPoint, PATIENT)).toMatchObject({ state: 'live' });
  });
});

describe.skipIf(withoutRoot)("another user's volume", LONG, () => {
  async function shared() {
    const directory = temporary();
    const namespace = await Namespace.create();
    await namespace.shareDevice(directory.directory('dev'));
    return { namespace, directory, scene: new MountScene() };
  }

  const stateAt = async (
    scene: MountScene,
    point: string,
    options: Parameters<MountScene['lists']>[0],
  ) => {
    const list = await scene.lists(options);
    return list.find(({ mountPoint }) => mountPoint === point)?.state;
  };

  it('is asked by root in the name of its owner, who lets nobody else in', async () => {
    const { namespace, directory, scene } = await shared();
    const point = ownDirectory(directory, 'own');
    const host = await namespace.host({ uid: NOBODY });
    await host.mount('one', point, { autoUnmount: false });
    const { via } = namespace;
    expect(await stateAt(scene, point, { ...PATIENT, via })).toBe('live');
    host.signal('SIGSTOP');
    expect(await stateAt(scene, point, { ...SHORT, via })).toBe('hung');
    await host.kill();
    expect(await stateAt(scene, point, { ...PATIENT, via })).toBe('dead');
  });

  it('is unknown to a user who is not let in, and live to one who is', async () => {
    const { namespace, directory, scene } = await shared();
    const [closed, open] = [directory.directory('closed'), directory.directory('open')];
    const root = await namespace.host();
    await root.mount('closed', closed);
    await root.mount('open', open, { allowOther: true });
    const who = { ...PATIENT, via: namespace.via, uid: NOBODY };
    expect(await stateAt(scene, closed, who)).toBe('unknown');
    expect(await stateAt(scene, open, who)).toBe('live');
  });

  it('has a name of any bytes', async () => {
    const { namespace, scene } = await shared();
    const point = scene.directory.directory('mnt');
    const host = await namespace.host();
    await host.mount('one', point);
    // What sh makes of it is the byte 0xff, which is no UTF-8.
    const script = 'place="$1$(printf "\\377")"; mkdir "$place" && mount --bind "$2" "$place"';
    await namespace.run('sh', '-c', script, 'sh', `${scene.directory.path}/`, point);
    const list = await scene.lists({ ...PATIENT, via: namespace.via });
    const places = list.filter(({ mountPoint }) => mountPoint.startsWith(scene.directory.path));
    expect(places.map(({ mountPoint, state }) => [mountPoint, state])).toEqual([
      [point, 'live'],
      [`${scene.directory.path}/\udcff`, 'live'],
    ]);
  });

  it('cannot be used to kill who asks', async () => {
    const { namespace, directory, scene } = await shared();
    const point = ownDirectory(directory, 'own');
    const host = await namespace.host({ uid: NOBODY });
    await host.mount('one', point, { autoUnmount: false });
    host.signal('SIGSTOP');
    const asking = spawn(
      namespace.via[0] ?? '',
      [
        ...[...namespace.via.slice(1), process.execPath, listProgram],
        JSON.stringify({ timeout: 30_000 }),
      ],
      { env: { ...process.env, ...scene.env }, stdio: 'ignore' },
    );
    try {
      const ended = new Promise((resolve) => asking.once('close', resolve));
      const pid = String(asking.pid);
      const inItsName = await eventually('the process that asks in the name of the user', () =>
        childrenOf(pid).find((child) => usersOf(`/proc/${child}`).includes(String(NOBODY))),
      );
      // A user may kill a process by any thread of theirs.
      const threads = readdirSync(`/proc/${pid}/task`);
      expect(threads.flatMap((thread) => usersOf(`/proc/${pid}/task/${thread}`))).not.toContain(
        String(NOBODY),
      );
      expect(await namespace.try(NOBODY, 'kill', '-KILL', inItsName)).toMatchObject({ code: 0 });
      expect(await within('the list', 20_000, ended)).toBe(0);
    } finally {
      asking.kill('SIGKILL');
    }
  });
});

/** A volume that does not answer. */
async function stopped(scene: MountScene): Promise<{ mountPoint: string; deviceNumber: string }> {
  const volume = await scene.start('mnt');
  volume.signal('SIGSTOP');
  const mount = topmostAt(await readMountInfo(), volume.mountPoint);
  return { mountPoint: volume.mountPoint, deviceNumber: mount?.deviceNumber ?? '' };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It has ended.
    return '';
  }
}

/** Children of all threads of a process. */
function childrenOf(pid: string): string[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    textOf(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean),
  );
}

/** The users a process or thread is of: real, effective, saved and that of its files. */
function usersOf(directory: string): string[] {
  return /^Uid:\s+(.*)$/m.exec(textOf(`${directory}/status`))?.[1]?.split('\t') ?? [];
}
