/** How long a volume that is gone waits for callbacks that do not come back, in milliseconds. */
const SHUTDOWN_GRACE = 2_000;

/** Waits for work, but no longer than a volume that is gone may take. Rejects when the work does. */
export async function withinGrace(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, SHUTDOWN_GRACE)));
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
