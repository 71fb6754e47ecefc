// mirrorfs as a file system module. What it keeps of locks it keeps per thread, and it is not asked.
import { MirrorFileSystem } from '../../../dist/examples/mirrorfs/mirror_file_system.js';

export default ({ data }) => new MirrorFileSystem(data.root, data.options);
