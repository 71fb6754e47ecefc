/**
 * What has to go when a test process ends, also when a test failed or its hooks never ran:
 * children, mounts, directories. Each is registered when it is made and released when it is gone.
 */
const pending = new Set<() => void>();

/**
 * @param undo - synchronous: it may run while the process exits
 * @returns call it when the thing was taken away in the ordinary manner
 */
export function atExit(undo: () => void): () => void {
  pending.add(undo);
  return () => {
    pending.delete(undo);
  };
}

process.once('exit', () => {
  for (const undo of [...pending].reverse()) {
    try {
      undo();
    } catch (error) {
      process.stderr.write(`cleaning up: ${String(error)}\n`);
    }
  }
});
