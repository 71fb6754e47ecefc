// A module whose default export is none of a file system.
export default 'operations';
