// A module that ends the thread that imports it.
process.exit(0);
