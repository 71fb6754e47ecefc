// A module that fails.
throw new Error('this module does not like you');
