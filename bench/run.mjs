import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';

/** Programs that measure, and are measured. */

/** What is running, to be ended when the bench is. */
const running = new Set();

/**
 * Runs a program in a process group of its own.
 * @param options - `limit` in seconds, after which the whole group is killed; `cwd`, `env`
 * @returns stdout, and the seconds from start to end
 * @throws when it fails, with the end of stderr, or takes too long. Then it may still be there, in
 *   the kernel's hands: until the volume it uses is gone
 */
export function run([program, ...args], { limit = 60, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const stdio = ['ignore', 'pipe', 'pipe'];
    const child = spawn(program, args, { ...options, stdio, detached: true });
    running.add(child);
    let stdout = '';
    let stderr = '';
    let seconds = 0;
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr = (stderr + text).slice(-300)));
    const timer = setTimeout(() => {
      end(child);
      reject(new Error(`more than ${limit} s`));
    }, limit * 1000);
    child.once('exit', () => (seconds = (performance.now() - started) / 1000));
    child.once('error', (error) => {
      clearTimeout(timer);
      running.delete(child);
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      running.delete(child);
      if (code === 0) resolve({ stdout, seconds });
      else reject(new Error(stderr.trim() || `${program} ended with ${signal ?? code}`));
    });
  });
}

function end(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** Ends all that is running. */
export function endAll() {
  for (const child of running) end(child);
}
