// A module with a callback that threads cannot have.
export default { checkMedia: () => 'present' };
