// A file system is killed while a client writes; a restarted process, which knows nothing of the first
// one, mounts at the same place; no file is lost.
import { performance } from 'node:perf_hooks';
import { Scene } from './scene.mjs';

/**
 * @param guarded - with the guard, which may be faster than the restart; without it the mount is dead
 *   until that
 * @returns what came of it
 */
export async function tellStory(guarded) {
  const scene = new Scene();
  try {
    const first = await scene.serve({ autoUnmount: guarded });
    const writer = await scene.write(5);
    first.signal('SIGKILL');
    await first.exit;
    const killed = performance.now();
    await scene.serve({ forceUnmount: true });
    const milliseconds = performance.now() - killed;
    await writer.exit;
    const second = await scene.write(5, 'later');
    const writing = !second.ended;
    await second.kill();
    return {
      milliseconds,
      files: writer.lines.length - 1,
      lost: [...scene.lost(writer), ...scene.lost(second)],
      clientsError: writer.lines.at(-1),
      writing,
    };
  } finally {
    await scene.end();
  }
}
