/** Type of our volumes in the kernel's list. */
export const FUSE_TYPE = 'fuse.node-dokan';
